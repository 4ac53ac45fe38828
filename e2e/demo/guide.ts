import type { DemoContract } from '#e2e/scene/contract.ts';

/** What to try next, with commands that work when pasted. */
export function guide(contract: DemoContract, seconds: number): string {
  const width = Math.max(...contract.users.map(({ password }) => password.length));
  const people = contract.users.map(({ login, password, description }) => `  ${login.padEnd(6)} ${password.padEnd(width)}  ${description}`);
  return `
Gatehouse is ready (${seconds.toFixed(0)} s).

  portal  ${contract.portal.url}
  door    ${contract.proxy.url}   clusters ${contract.clusters.map(({ name }) => name).join(' and ')}

Who can sign in:
${people.join('\n')}

${contract.kubeconfigs.alice ? workAsAlice(contract) : enableAlice(contract)}
For scripts: .gatehouse/demo.json. Ctrl-C stops everything.
`;
}

function workAsAlice(contract: DemoContract): string {
  return `Work as alice:
  export KUBECONFIG=${contract.kubeconfigs.alice}
  alias kubectl=${contract.kubectl}
  kubectl --context east auth whoami
  kubectl --context east get ns
  kubectl --context east -n shop get pods
  kubectl --context east -n shop exec -it ${contract.clusters[0]?.pod.split('/')[1]} -- sh

Then, from another terminal, let her leave, and watch the shell end:
  ${setAccountControl(contract, disabled)}
`;
}

function enableAlice(contract: DemoContract): string {
  return `Alice has left, in an earlier run. Let her come back, then start the demo again for a fresh kubeconfig:
  ${setAccountControl(contract, enabled)}
`;
}

const enabled = 512;
const disabled = 514;

function setAccountControl({ directory, users }: DemoContract, value: number): string {
  const dn = users.find(({ login }) => login === 'alice')?.dn;
  const change = `dn: ${dn}\\nchangetype: modify\\nreplace: userAccountControl\\nuserAccountControl: ${value}\\n`;
  return `printf '${change}' | LDAPTLS_CACERT=${directory.ca} ldapmodify -H ${directory.url} -D '${directory.adminDn}' -w '${directory.adminPassword}'`;
}
