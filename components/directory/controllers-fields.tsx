'use client';
import { useState } from 'react';
import { Choice, Field, FieldSet } from '#components/ui/field.tsx';
import { Input, Radio, TextArea } from '#components/ui/input.tsx';
import type { DirectoryView } from '#lib/directory/people/schema.ts';
import { linesOf, problemIn } from './form-lines.ts';

type Props = {
  saved?: Pick<DirectoryView, 'urls' | 'find'> | undefined;
  problems: Readonly<Record<string, string>>;
};

/** The domain controllers: named one by one, or found by the records that the domain keeps of them in DNS. */
export function ControllersFields({ saved, problems }: Props) {
  const [way, setWay] = useState<'list' | 'dns'>(saved?.find ? 'dns' : 'list');
  return (
    <div className="grid gap-4">
      <FieldSet legend="How they are found">
        <Choice hint="At most three are followed at a time; the others stand by.">
          <Radio name="way" value="list" checked={way === 'list'} onChange={() => setWay('list')} />
          <span>List them</span>
        </Choice>
        <Choice hint="Looked up again every few minutes; new ones are found by themselves.">
          <Radio name="way" value="dns" checked={way === 'dns'} onChange={() => setWay('dns')} />
          <span>Find them by DNS</span>
        </Choice>
      </FieldSet>
      {way === 'list' ? (
        <>
          <Field
            label="Domain controllers"
            hint="ldaps://dc1.corp.example, one a line, the preferred one first. One is enough to begin with."
            problem={problemIn(problems, 'urls')}
          >
            <TextArea code name="urls" rows={2} required defaultValue={saved?.urls.join('\n')} placeholder="ldaps://dc1.corp.example" />
          </Field>
          <Field label="Name in the certificate" hint="Where it is not the host of the address." problem={problems.serverName}>
            <Input name="serverName" spellCheck={false} />
          </Field>
        </>
      ) : (
        <div className="grid gap-4 sm:grid-cols-2">
          <Field
            label="Domain"
            hint="Its DNS name. Each domain controller needs LDAPS and a certificate for its own name."
            problem={problems['find.domain'] ?? problems.find}
          >
            <Input name="domain" required spellCheck={false} defaultValue={saved?.find?.domain} placeholder="corp.example" />
          </Field>
          <Field label="Site" hint="Its domain controllers come first. All are equal when left empty." problem={problems['find.site']}>
            <Input name="site" spellCheck={false} defaultValue={saved?.find?.site ?? undefined} />
          </Field>
          <Field
            label="DNS servers"
            hint="One a line, such as 10.0.0.53. This machine's own when left empty."
            problem={problemIn(problems, 'find.dnsServers')}
            className="sm:col-span-2"
          >
            <TextArea code name="dnsServers" rows={2} defaultValue={saved?.find?.dnsServers.join('\n')} />
          </Field>
        </div>
      )}
    </div>
  );
}

export const controllersFields = ['urls', 'serverName', 'find'];

/** Only one way is sent; the fields of the other are not on the screen. */
export function controllersOf(form: FormData): Record<string, unknown> {
  const text = (name: string) => String(form.get(name) ?? '').trim();
  if (form.get('way') !== 'dns') return { urls: linesOf(form, 'urls'), ...(text('serverName') ? { serverName: text('serverName') } : {}) };
  const dnsServers = linesOf(form, 'dnsServers');
  return {
    find: {
      domain: text('domain'),
      ...(text('site') ? { site: text('site') } : {}),
      ...(dnsServers.length > 0 ? { dnsServers } : {}),
    },
  };
}
