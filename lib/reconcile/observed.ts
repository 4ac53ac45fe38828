/**
 * What stands in Postgres of what a cluster has: our objects with a hash, and all its namespaces with what their quota counts. Screens and
 * previews read only this. Kept as a difference against what was written last, so that a quiet cluster costs no write. Pure.
 */
import type { KubeObject } from '#lib/cluster/kube-object.ts';
import { isOurs, keyOf } from './diff.ts';
import { hashOf, stableText } from './meaning.ts';

export interface ObservedRow {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly hash: string;
  readonly body: KubeObject;
}

export interface NamespaceRow {
  readonly name: string;
  readonly uid: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly phase: string;
  readonly quota: QuotaUse | null;
}

export interface QuotaUse {
  readonly hard: Readonly<Record<string, string>>;
  readonly used: Readonly<Record<string, string>>;
}

export function observedRows(objects: readonly KubeObject[], installationId: string): Map<string, ObservedRow> {
  const ours = objects.filter((object) => isOurs(object, installationId));
  return new Map(
    ours.map((object) => {
      const body = withoutBookkeeping(object);
      const { name, namespace = '' } = object.metadata;
      return [keyOf(object), { kind: object.kind, namespace, name, hash: hashOf(body), body }];
    }),
  );
}

export function namespaceRows(objects: readonly KubeObject[], installationId: string): Map<string, NamespaceRow> {
  const quotas = new Map(
    objects
      .filter((object) => object.kind === 'ResourceQuota' && isOurs(object, installationId))
      .map((object) => [object.metadata.namespace, quotaOf(object)]),
  );
  const namespaces = objects.filter(({ kind }) => kind === 'Namespace');
  return new Map(
    namespaces.map(({ metadata, status }) => [
      metadata.name,
      {
        name: metadata.name,
        uid: metadata.uid ?? '',
        labels: metadata.labels ?? {},
        phase: metadata.deletionTimestamp ? 'Terminating' : ((status as { phase?: string } | undefined)?.phase ?? 'Active'),
        quota: quotas.get(metadata.name) ?? null,
      },
    ]),
  );
}

export interface Changed<Row> {
  readonly put: readonly Row[];
  readonly dropped: readonly string[];
}

/** What of `now` is new against the fingerprints of what was written last. */
export function changedSince<Row>(
  written: ReadonlyMap<string, string>,
  now: ReadonlyMap<string, Row>,
  print: (row: Row) => string,
): Changed<Row> {
  return {
    put: [...now].filter(([key, row]) => written.get(key) !== print(row)).map(([, row]) => row),
    dropped: [...written.keys()].filter((key) => !now.has(key)),
  };
}

/** All of a namespace that decides about rights; what its quota counts is left out. */
export function placePrint({ name, uid, labels, phase }: { name: string; uid: string; labels: unknown; phase: string }): string {
  return stableText({ name, uid, labels, phase });
}

export function namespacePrint(row: { name: string; uid: string; labels: unknown; phase: string; quota: unknown }): string {
  return `${placePrint(row)} ${stableText(row.quota)}`;
}

function quotaOf({ spec, status }: KubeObject): QuotaUse {
  const { hard: wanted } = (spec ?? {}) as { hard?: Record<string, string> };
  const { hard, used } = (status ?? {}) as { hard?: Record<string, string>; used?: Record<string, string> };
  return { hard: hard ?? wanted ?? {}, used: used ?? {} };
}

function withoutBookkeeping({ status: _, ...object }: KubeObject): KubeObject {
  const { resourceVersion: _version, ...metadata } = object.metadata;
  return { ...object, metadata } as KubeObject;
}
