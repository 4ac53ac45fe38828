import { Tag } from './tag.tsx';

/** Key and value pairs; what says "production" is set off, because a slip costs most there. */
export function Labels({ labels, valuesOnly }: { labels: Readonly<Record<string, string>>; valuesOnly?: boolean }) {
  return (
    <span className="inline-flex flex-wrap gap-1">
      {Object.entries(labels).map(([key, value]) => (
        <Tag key={key} tone={/^prod/.test(value) ? 'warn' : undefined} title={`${key}=${value}`}>
          {valuesOnly ? value || key : `${key}=${value}`}
        </Tag>
      ))}
    </span>
  );
}
