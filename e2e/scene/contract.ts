/** What a running scene tells scripts, as `.gatehouse/demo.json`: a contract, so fields are added and never change their meaning. */
export interface DemoContract {
  readonly ready: true;
  readonly portal: {
    readonly url: string;
    readonly ca: string | null;
    readonly signIn: { readonly provider: string; readonly login: string; readonly password: string };
    readonly session: string;
  };
  readonly proxy: { readonly url: string; readonly ca: string };
  readonly api: { readonly url: string; readonly token: string };
  readonly directory: {
    readonly url: string;
    readonly ca: string;
    readonly serverName: string;
    readonly baseDn: string;
    readonly adminDn: string;
    readonly adminPassword: string;
  };
  readonly users: readonly DemoUser[];
  readonly clusters: readonly DemoCluster[];
  /** One file for each login that has access. */
  readonly kubeconfigs: Readonly<Record<string, string>>;
  /** Prints the path of a fresh kubeconfig; `{login}` stands for a login. */
  readonly reissue: readonly string[];
  readonly kubectl: string;
  readonly metrics: string;
  readonly processes: { readonly supervisor: number; readonly portal: number; readonly proxy: number; readonly worker: number };
}

export interface DemoUser {
  readonly login: string;
  readonly upn: string;
  readonly dn: string;
  readonly password: string;
  readonly description: string;
  readonly clusters: readonly string[];
}

export interface DemoCluster {
  readonly name: string;
  readonly id: string;
  readonly server: string;
  readonly adminKubeconfig: string;
  readonly auditLog: string;
  readonly proxyPath: string;
  readonly pod: string;
  readonly podPort: number;
}
