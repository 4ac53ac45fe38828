// Names of ours in a cluster. They hold the installation's id, so that two installations on one cluster never mean the same object.
export const systemNamespace = 'gatehouse-system';
export const doorAccount = 'gatehouse-door';
export const reconcilerAccount = 'gatehouse-reconciler';
/** The account of the joining Job, gone once the cluster has joined. */
export const joinAccount = 'gatehouse-join';

/** A Job's template cannot be changed: a second try is another Job. */
export function joinJobName(invitationId: string): string {
  return `gatehouse-join-${invitationId}`;
}

export const managedByLabel = 'app.kubernetes.io/managed-by';
export const installationLabel = 'gatehouse.io/installation';

/** How long a token of our accounts lives at most; the worker renews it at half of that. Off for longer than this, a cluster must be repaired. */
export const tokenLifetimeSeconds = 7 * 24 * 60 * 60;

export function ownerLabels(installationId: string): Record<string, string> {
  return { [managedByLabel]: 'gatehouse', [installationLabel]: installationId };
}

/** Selects what we own in a cluster, and nothing else. */
export function ownerSelector(installationId: string): string {
  return `${managedByLabel}=gatehouse,${installationLabel}=${installationId}`;
}

/** The group that may list namespaces; sent only with a request whose selector we wrote. */
export function namespaceListGroup(installationId: string): string {
  return `gatehouse:${installationId}:namespace-list`;
}

/** User and group as which the door reads the kube-system UID; that is all they may. */
export function probeName(installationId: string): string {
  return `gatehouse:${installationId}:probe`;
}

/** Stands in the constrained rules alone: whoever is let through as this user stands before a server that knows constrained impersonation. */
export function trialName(installationId: string): string {
  return `gatehouse:${installationId}:trial`;
}

/** What the door's account may do stands in objects of this name, or of one that begins with it and a dash. */
export function doorPowersName(installationId: string): string {
  return `gatehouse:${installationId}:door`;
}

export function isDoorPower(name: string): boolean {
  return /^gatehouse:[^:]+:door(-|$)/.test(name);
}

export function accountName(account: string): string {
  return `system:serviceaccount:${systemNamespace}:${account}`;
}

/** The lease under which one worker acts for a cluster. */
export function reconcileLeaseName(clusterId: string): string {
  return `cluster:${clusterId}`;
}
