/** One fixed sentence per code: whatever else stands in the address is never shown. */
const sentences: Readonly<Record<string, string>> = {
  refused:
    'The name or the password is not right, or this account may not sign in. Ask your directory administrators if you are sure of both.',
  'change-password':
    'Your password is right, but it has expired or has to be changed first. Change it at a computer of your company, then sign in.',
  'not-now':
    'Your password is right, but your account may not sign in here now: it has ended, or its hours or places do not allow it. Ask your directory administrators.',
  'too-many': 'Too many tries. Wait a few minutes before the next one, so that your account does not get locked.',
  unavailable: 'The directory cannot be asked just now, so nobody can be let in. Try again in a minute.',
  failed: 'Signing in did not work on our side. Try again; if it stays, tell a platform admin.',
  ended: 'Your session has ended. Sign in again.',
};

export function sentenceOf(code: string): string {
  return (Object.hasOwn(sentences, code) ? sentences[code] : undefined) ?? sentences.failed ?? '';
}

/** Where to go once in: a path of this portal, and nothing that a link from elsewhere could make of it. */
export function afterSignIn(callbackUrl: string | undefined, origin: string): string {
  if (!callbackUrl || !URL.canParse(callbackUrl, origin)) return '/';
  const { origin: to, pathname, search } = new URL(callbackUrl, origin);
  return to === origin && !pathname.startsWith('//') && !pathname.startsWith('/login') && !pathname.startsWith('/api')
    ? pathname + search
    : '/';
}
