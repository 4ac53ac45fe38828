'use client';
import { useEffect, useState } from 'react';
import { type ApiProblem, asProblem, callApi } from '#components/api/client.ts';
import type { RolePreview } from '#lib/entitlement/schema.ts';
import { rulesFromYaml } from './rules-yaml.ts';

const pauseMs = 300;

type Asked = { readonly id: string | undefined; readonly text: string; readonly inherits: readonly string[] };
export type Previewed = {
  readonly preview: RolePreview | null;
  readonly problem: ApiProblem | null;
  readonly unreadable: string | null;
  readonly busy: boolean;
};

/** What the rules being typed would permit and whom they would touch, asked of the same code that will judge them when they are saved. */
export function useRolePreview({ id, text, inherits }: Asked): Previewed {
  const [answer, setAnswer] = useState<{ preview: RolePreview | null; problem: ApiProblem | null }>({ preview: null, problem: null });
  const [busy, setBusy] = useState(true);
  const read = rulesFromYaml(text);
  const unreadable = 'problem' in read ? read.problem : null;
  const question = 'rules' in read ? JSON.stringify({ ...(id ? { id } : {}), rules: read.rules, inherits }) : null;
  useEffect(() => {
    if (question === null) return setBusy(false);
    let wanted = true;
    setBusy(true);
    const timer = setTimeout(async () => {
      const said = await callApi<RolePreview>('POST', '/roles/preview', JSON.parse(question)).then(
        (preview) => ({ preview, problem: null }),
        (error: unknown) => ({ preview: null, problem: asProblem(error) }),
      );
      if (!wanted) return;
      setAnswer(said);
      setBusy(false);
    }, pauseMs);
    return () => {
      wanted = false;
      clearTimeout(timer);
    };
  }, [question]);
  return { ...answer, unreadable, busy };
}
