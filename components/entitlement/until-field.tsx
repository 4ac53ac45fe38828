'use client';
import { Field } from '#components/ui/field.tsx';
import { Input, Select } from '#components/ui/input.tsx';

export type Until = { readonly kind: 'none' | '8h' | '1d' | '7d' | '30d' | 'at'; readonly at: string };

const hours: Partial<Record<Until['kind'], number>> = { '8h': 8, '1d': 24, '7d': 7 * 24, '30d': 30 * 24 };

/** Null = no end; undefined = not said to the end yet. */
export function untilOf({ kind, at }: Until): string | null | undefined {
  if (kind === 'none') return null;
  const span = hours[kind];
  if (span) {
    // Whole minutes, so that a form that is looked at again asks the same question.
    const minute = 60_000;
    return new Date(Math.ceil((Date.now() + span * 3_600_000) / minute) * minute).toISOString();
  }
  const moment = new Date(at);
  return Number.isNaN(moment.getTime()) ? undefined : moment.toISOString();
}

export function UntilField({ value, onChange }: { value: Until; onChange: (until: Until) => void }) {
  return (
    <div className="grid gap-3 sm:grid-cols-2">
      <Field label="Until">
        <Select value={value.kind} onChange={({ target }) => onChange({ ...value, kind: target.value as Until['kind'] })}>
          <option value="none">No end</option>
          <option value="8h">8 hours from now</option>
          <option value="1d">1 day from now</option>
          <option value="7d">7 days from now</option>
          <option value="30d">30 days from now</option>
          <option value="at">A day and time</option>
        </Select>
      </Field>
      {value.kind === 'at' ? (
        <Field label="Ends" hint="In your own time zone.">
          <Input type="datetime-local" value={value.at} onChange={({ target }) => onChange({ ...value, at: target.value })} />
        </Field>
      ) : null}
    </div>
  );
}
