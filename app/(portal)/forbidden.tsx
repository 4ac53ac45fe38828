import { Refused } from '#components/shell/refused.tsx';
import { load } from '#lib/session/load.ts';
import { meGet } from '#lib/session/loaders.ts';

export default async function Forbidden() {
  const { installation } = await load(meGet, {});
  return <Refused contact={installation.accessContact} />;
}
