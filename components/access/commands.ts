/** What somebody types after the download, exactly: in their shell, with their clusters and a namespace of theirs. */
export const shells = ['bash', 'zsh', 'PowerShell'] as const;
export type Shell = (typeof shells)[number];

type Reach = { readonly name: string; readonly namespaces: 'all' | readonly string[] };

export function commandsFor(shell: Shell, fileName: string, clusters: readonly Reach[]): string {
  const first =
    shell === 'PowerShell'
      ? [`$env:KUBECONFIG = "$HOME\\Downloads\\${fileName}"`]
      : [`chmod 600 ~/Downloads/${fileName}`, `export KUBECONFIG=~/Downloads/${fileName}`];
  return [...first, ...clusters.map(commandOn)].join('\n');
}

function commandOn({ name, namespaces }: Reach): string {
  if (namespaces === 'all') return `kubectl --context ${name} get pods --all-namespaces`;
  return namespaces[0] ? `kubectl --context ${name} get pods -n ${namespaces[0]}` : `kubectl --context ${name} auth whoami`;
}
