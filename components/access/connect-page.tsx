import { Page } from '#components/shell/page.tsx';
import { Empty } from '#components/ui/empty.tsx';
import type { AccessCluster } from '#lib/entitlement/schema.ts';
import { ConnectForm } from './connect-form.tsx';

export function ConnectPage({
  clusters,
  chosen,
  userAgent,
}: {
  clusters: readonly AccessCluster[];
  chosen: readonly string[];
  userAgent: string | null;
}) {
  return (
    <Page title="Connect this computer" here="Connect" sub="Three clicks to a kubectl that works: choose, download, type." narrow>
      {clusters.length === 0 ? (
        <Empty title="No cluster is open to you, so there is nothing to connect to.">
          Ask a platform admin for a grant. Your clusters appear here by themselves.
        </Empty>
      ) : (
        <ConnectForm
          clusters={clusters}
          chosen={chosen.filter((id) => clusters.some((cluster) => cluster.id === id))}
          deviceName={deviceOf(userAgent)}
        />
      )}
    </Page>
  );
}

function deviceOf(userAgent: string | null): string {
  const system = /(Windows|Mac OS X|Linux)/.exec(userAgent ?? '')?.[1];
  return system === 'Mac OS X' ? 'My Mac' : system ? `My ${system} computer` : 'This computer';
}
