import type { DemoContract } from '#e2e/scene/contract.ts';

/** What to try next, with commands that work when pasted. */
export function guide(contract: DemoContract, seconds: number): string {
  const alice = contract.users.find(({ login }) => login === 'alice');
  const width = Math.max(...contract.users.map(({ password }) => password.length));
  const people = contract.users.map(({ login, password, description }) => `  ${login.padEnd(6)} ${password.padEnd(width)}  ${description}`);
  const disable = `printf 'dn: ${alice?.dn}\\nchangetype: modify\\nreplace: userAccountControl\\nuserAccountControl: 514\\n' | LDAPTLS_CACERT=${contract.directory.ca} ldapmodify -H ${contract.directory.url} -D '${contract.directory.adminDn}' -w '${contract.directory.adminPassword}'`;
  return `
Gatehouse is ready (${seconds.toFixed(0)} s).

  portal  ${contract.portal.url}
  door    ${contract.proxy.url}   clusters ${contract.clusters.map(({ name }) => name).join(' and ')}

Who can sign in:
${people.join('\n')}

Work as alice:
  export KUBECONFIG=${contract.kubeconfigs.alice}
  alias kubectl=${contract.kubectl}
  kubectl --context east auth whoami
  kubectl --context east get ns
  kubectl --context east -n shop get pods
  kubectl --context east -n shop exec -it ${contract.clusters[0]?.pod.split('/')[1]} -- sh

Then, from another terminal, let her leave, and watch the shell end:
  ${disable}
  (514 disables, 512 enables again)

For scripts: .gatehouse/demo.json. Ctrl-C stops everything.
`;
}
