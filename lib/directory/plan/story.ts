/** What an operation means to somebody who reads the audit log: names as they were at that moment, never only ids. */
import type { AuditEventName } from '#lib/audit/events.ts';
import type { AuditEntry } from '#lib/audit/record.ts';
import type { AccountState } from '../active-directory/account.ts';
import type { Directory, Known } from '../types.ts';
import type { FieldChange, Operation } from './operation.ts';
import type { Plan } from './plan.ts';

export type Names = ReadonlyMap<string, string>;

/** Names by id, of everybody the plan speaks of. */
export function namesOf(known: Known, plan: Plan): Names {
  const names = new Map<string, string>();
  for (const person of known.people) names.set(person.id, person.displayName);
  for (const group of known.groups) names.set(group.id, group.name);
  for (const operation of plan.operations) {
    if ('person' in operation) names.set(operation.person.id, operation.person.displayName);
    if ('group' in operation) names.set(operation.group.id, operation.group.name);
  }
  return names;
}

export function auditOf(directory: Pick<Directory, 'id' | 'domain'>, operation: Operation, names: Names): AuditEntry[] {
  const actor = { kind: 'directory', id: directory.id, name: directory.domain } as const;
  switch (operation.kind) {
    case 'create-person':
      return appearance(operation, actor);
    case 'update-person': {
      const { person, from, changes, cut } = operation;
      const subject = personSubject(person);
      if (cut === 'disabled' && person.state !== cut)
        return [
          { event: 'person.disabled', actor, subject, detail: { from, to: cut } },
          { event: stateEvent(cut, person.state), actor, subject, detail: { from: cut, to: person.state } },
        ];
      if (person.state !== from) return [{ event: stateEvent(from, person.state), actor, subject, detail: { from, to: person.state } }];
      const told = changes.filter(({ field }) => !untold.has(field));
      return told.length === 0 ? [] : [{ event: 'person.changed', actor, subject, detail: { changes: told.map(readable) } }];
    }
    case 'create-group':
    case 'update-group':
      return [
        {
          event: 'group.changed',
          actor,
          subject: { kind: 'group', id: operation.group.id, name: operation.group.name },
          detail: operation.kind === 'create-group' ? { appeared: true } : { changes: operation.changes.map(readable) },
        },
      ];
    case 'delete-group':
      return [
        {
          event: 'group.deleted',
          actor,
          subject: { kind: 'group', id: operation.group.id, name: operation.group.name },
          detail: { evidence: operation.why },
        },
      ];
    case 'add-members':
      return operation.memberIds.map((memberId) => membership('membership.added', operation, memberId, actor, names));
    case 'remove-member':
      return [membership('membership.removed', operation, operation.memberId, actor, names)];
  }
}

function membership(
  event: 'membership.added' | 'membership.removed',
  { groupId, isPrimary }: { readonly groupId: string; readonly isPrimary: boolean },
  memberId: string,
  actor: AuditEntry['actor'],
  names: Names,
): AuditEntry {
  return {
    event,
    actor,
    subject: { kind: memberId.startsWith('g-') ? 'group' : 'person', id: memberId, name: names.get(memberId) ?? memberId },
    detail: { groupId, group: names.get(groupId) ?? groupId, primary: isPrimary },
  };
}

/** A name that somebody else had is told apart: whoever reads an old line of the log must not take one for the other. */
function appearance({ person, namesake }: Extract<Operation, { kind: 'create-person' }>, actor: AuditEntry['actor']): AuditEntry[] {
  const subject = personSubject(person);
  const appeared = { event: 'person.appeared', actor, subject, detail: { state: person.state } } as const;
  if (!namesake) return [appeared];
  const detail = { login: person.samAccountName, formerId: namesake.id, formerName: namesake.displayName };
  return [appeared, { event: 'person.name-reused', actor, subject, detail }];
}

export function stateEvent(from: AccountState, to: AccountState): AuditEventName {
  if (to === 'enabled') return from === 'locked' ? 'person.unlocked' : from === 'outside-hours' ? 'person.within-hours' : 'person.enabled';
  return to === 'cut' ? 'person.cut-off' : `person.${to}`;
}

/** Bookkeeping of the domain controllers, of no interest to a reader. */
const untold = new Set(['stamps', 'passwordSetAt', 'state']);

function personSubject(person: { readonly id: string; readonly displayName: string }) {
  return { kind: 'person', id: person.id, name: person.displayName };
}

function readable({ field, from, to }: FieldChange) {
  return { field, from: text(from), to: text(to) };
}

function text(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  return value instanceof Date ? value.toISOString() : String(value);
}
