import { Fragment } from 'react';

/** May break where one of its parts ends, not within a name; an escaped comma ends none. */
export function DistinguishedName({ dn }: { dn: string }) {
  const parts = dn.split(/(?<=[^\\],)/);
  return (
    <code className="break-words">
      {parts.map((part, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a name never change places.
        <Fragment key={index}>
          {part}
          <wbr />
        </Fragment>
      ))}
    </code>
  );
}
