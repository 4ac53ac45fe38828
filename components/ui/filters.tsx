'use client';
import { Search } from 'lucide-react';
import { parseAsString, useQueryState, useQueryStates } from 'nuqs';
import { useTransition } from 'react';
import { cn } from './cn.ts';
import { Input, Select } from './input.tsx';

const remembered = parseAsString.withDefault('').withOptions({ shallow: false, throttleMs: 250, history: 'replace' });

/** Types into the address; the server answers with the rows. A new search begins at the first page. */
export function SearchField({ name = 'search', label, className }: { name?: string; label: string; className?: string }) {
  const [busy, startTransition] = useTransition();
  const [values, set] = useQueryStates({ [name]: remembered, offset: remembered }, { startTransition });
  return (
    <div className={cn('relative w-full max-w-80', className)}>
      <Search aria-hidden className={cn('absolute top-2 left-2.5 size-4 text-faint', busy && 'animate-pulse')} />
      <Input
        type="search"
        aria-label={label}
        placeholder={label}
        value={values[name] ?? ''}
        onChange={({ target }) => void set({ [name]: target.value || null, offset: null })}
        className="pl-8"
      />
    </div>
  );
}

export function FilterSelect({
  name,
  label,
  options,
}: {
  name: string;
  label: string;
  options: readonly (readonly [value: string, words: string])[];
}) {
  const [, startTransition] = useTransition();
  const [value, set] = useQueryState(name, remembered.withOptions({ startTransition }));
  const [, setOffset] = useQueryState('offset', remembered);
  return (
    <Select
      aria-label={label}
      value={value}
      onChange={({ target }) => {
        void setOffset(null);
        void set(target.value || null);
      }}
      className="w-auto max-w-60"
    >
      {options.map(([option, words]) => (
        <option key={option} value={option}>
          {words}
        </option>
      ))}
    </Select>
  );
}

export function FilterDate({ name, label }: { name: string; label: string }) {
  const [values, set] = useQueryStates({ [name]: remembered, offset: remembered });
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the control is in it.
    <label className="flex items-center gap-1.5 text-soft text-sm">
      {label}
      <Input
        type="date"
        value={values[name] ?? ''}
        onChange={({ target }) => void set({ [name]: target.value || null, offset: null })}
        className="w-36"
      />
    </label>
  );
}
