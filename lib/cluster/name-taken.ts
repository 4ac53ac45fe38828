import { type Fault, fault } from '#lib/errors/fault.ts';

export function nameTaken(name: string, removed: boolean): Fault {
  const message = removed
    ? `“${name}” was the name of a cluster that has been removed. Names are never used again, so that an old kubeconfig never reaches another cluster; choose another.`
    : `There is already a cluster named “${name}”. Choose another name.`;
  return fault('conflict', 'cluster.name-taken', message, { fields: { name: message } });
}
