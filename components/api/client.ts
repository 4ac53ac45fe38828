/**
 * How the browser writes: the same JSON API that programs use, with the session's cookie and the header that only our own pages can send.
 * A refusal arrives as the API's public sentence and code; nothing else of it is ever shown.
 */
export class ApiProblem extends Error {
  readonly code: string;
  readonly status: number;
  readonly requestId: string | undefined;
  readonly fields: Readonly<Record<string, string>>;

  constructor(status: number, said: { code?: string; message?: string; requestId?: string; fields?: Record<string, string> }) {
    super(said.message ?? 'The portal gave no answer that could be read. Try again.');
    this.name = 'ApiProblem';
    this.status = status;
    this.code = said.code ?? 'api.no-answer';
    this.requestId = said.requestId;
    this.fields = said.fields ?? {};
  }
}

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export async function callApi<Answer>(method: Method, path: string, body?: unknown): Promise<Answer> {
  const response = await send(method, path, body);
  const text = await response.text();
  const answer = parsed(text);
  if (response.ok) return answer as Answer;
  if (response.status === 401) returnToSignIn();
  throw new ApiProblem(response.status, (answer as { error?: ConstructorParameters<typeof ApiProblem>[1] } | null)?.error ?? {});
}

async function send(method: Method, path: string, body: unknown): Promise<Response> {
  try {
    return await fetch(`/api/v1${path}`, {
      method,
      headers: {
        'x-gatehouse-request': '1',
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      cache: 'no-store',
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  } catch {
    throw new ApiProblem(0, { code: 'api.unreachable', message: 'The portal could not be reached. Check the connection and try again.' });
  }
}

function parsed(text: string): unknown {
  try {
    return text ? JSON.parse(text) : null;
  } catch {
    return null;
  }
}

function returnToSignIn(): void {
  const here = location.pathname + location.search;
  if (!here.startsWith('/login') && !here.startsWith('/setup')) location.assign(`/login?callbackUrl=${encodeURIComponent(here)}`);
}

export function asProblem(error: unknown): ApiProblem {
  return error instanceof ApiProblem
    ? error
    : new ApiProblem(0, { code: 'portal.unexpected', message: 'Something went wrong in this page. Reload it and try again.' });
}
