import { loadJoinManifest } from '#lib/cluster/loaders.ts';
import { asFault } from '#lib/errors/fault.ts';
import { portal } from '#lib/session/portal.ts';

export const dynamic = 'force-dynamic';

/** What `kubectl apply -f <portal>/join/<code>.yaml` fetches. The code in the address is its only key, good once and for minutes. */
export async function GET(_request: Request, { params }: { params: Promise<{ file: string }> }): Promise<Response> {
  const headers = { 'cache-control': 'no-store', 'content-type': 'application/yaml; charset=utf-8' };
  const { file } = await params;
  try {
    const manifest = await loadJoinManifest({ ...(await portal()), now: new Date() }, file.replace(/\.yaml$/, ''));
    return new Response(manifest, { headers });
  } catch (error) {
    const known = asFault(error);
    return new Response(`# ${known.message} (${known.code})\n`, { status: known.status, headers });
  }
}
