/**
 * Why AD refused a password, by the code in its words ("AcceptSecurityContext error, data 52e"). AD looks at the password first: every code
 * but those of an unknown name, a wrong password and a locked account is only ever said to somebody who knew it.
 */
export interface BindReason {
  /** As in the operator's log. */
  readonly code: string;
  readonly words: string;
  /** What may be said to the person, because AD has confirmed the password: they are to change it, or may not sign in just now. */
  readonly kindly: 'change-password' | 'not-now' | null;
}

const reasons: Readonly<Record<string, Omit<BindReason, 'code'>>> = {
  '525': { words: 'no such account', kindly: null },
  '52e': { words: 'wrong password', kindly: null },
  '530': { words: 'outside the logon hours', kindly: 'not-now' },
  '531': { words: 'not from this computer', kindly: 'not-now' },
  '532': { words: 'the password has expired', kindly: 'change-password' },
  '533': { words: 'the account is disabled', kindly: 'not-now' },
  '701': { words: 'the account has expired', kindly: 'not-now' },
  '773': { words: 'the password must be changed first', kindly: 'change-password' },
  '775': { words: 'the account is locked', kindly: null },
};

export function readBindReason(diagnostic: string): BindReason {
  const code = /\bdata ([0-9a-f]{3,8})\b/i.exec(diagnostic)?.[1]?.toLowerCase();
  const known = code === undefined ? undefined : reasons[code];
  return { code: `bind-${code ?? 'refused'}`, ...(known ?? { words: 'AD gave no reason that we know', kindly: null }) };
}
