'use client';
import { Button } from '#components/ui/button.tsx';
import { Field } from '#components/ui/field.tsx';
import { Input } from '#components/ui/input.tsx';

const offeredMax = 8;

/** Narrows a kubeconfig to some namespaces. Typed, because there may be thousands; those that are known to be one's own are a click away. */
export function NamespacesField({
  value,
  onChange,
  known,
  problem,
}: {
  value: string;
  onChange: (value: string) => void;
  known: readonly string[];
  problem: string | undefined;
}) {
  const chosen = namesIn(value);
  const offered = known.filter((name) => !chosen.includes(name)).slice(0, offeredMax);
  return (
    <div className="grid gap-1.5">
      <Field
        label="Only these namespaces"
        hint="Separated by commas. Left empty: wherever you may work. Named: only there, and nothing that belongs to a whole cluster."
        problem={problem}
      >
        <Input
          value={value}
          onChange={({ target }) => onChange(target.value)}
          placeholder="all of mine"
          spellCheck={false}
          autoComplete="off"
        />
      </Field>
      {offered.length > 0 && known.length > 1 ? (
        <div className="flex flex-wrap gap-1">
          {offered.map((name) => (
            <Button key={name} size="small" onClick={() => onChange([...chosen, name].join(', '))} aria-label={`Only ${name}`}>
              {name}
            </Button>
          ))}
        </div>
      ) : null}
    </div>
  );
}

export function namesIn(text: string): string[] {
  return [...new Set(text.split(/[\s,]+/).filter((name) => name !== ''))];
}
