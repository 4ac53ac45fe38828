/** A person at the portal without a browser: signs in as the login page does and calls the API as the pages do. */

export interface Answer<T> {
  readonly status: number;
  readonly body: T;
}

export class PortalClient {
  readonly portalUrl: string;
  readonly #cookies = new Map<string, string>();
  #token: string | null = null;

  constructor(portalUrl: string) {
    this.portalUrl = portalUrl;
  }

  withToken(token: string): PortalClient {
    const other = new PortalClient(this.portalUrl);
    other.#token = token;
    return other;
  }

  /** True when the portal let the person in. */
  async signIn(login: string, password: string): Promise<boolean> {
    const { csrfToken } = (await (await this.#fetch('/api/auth/csrf')).json()) as { csrfToken: string };
    await this.#fetch('/api/auth/callback/active-directory', {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', origin: this.portalUrl },
      body: new URLSearchParams({ csrfToken, login, password, json: 'true', callbackUrl: this.portalUrl }),
    });
    return (await this.session()) !== null;
  }

  /** What a thief of the browser's cookies would hold. */
  cookie(name: string): string | undefined {
    return this.#cookies.get(name);
  }

  async session(): Promise<{ user: { name?: string; email?: string } } | null> {
    const body = (await (await this.#fetch('/api/auth/session')).json()) as { user?: { name?: string; email?: string } } | null;
    return body?.user ? { user: body.user } : null;
  }

  async call<T = unknown>(method: string, path: string, body?: unknown): Promise<Answer<T>> {
    const response = await this.#fetch(`/api/v1${path}`, {
      method,
      headers: { 'content-type': 'application/json', 'x-gatehouse-request': '1', origin: this.portalUrl },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const json = response.headers.get('content-type')?.includes('json');
    return { status: response.status, body: (json ? JSON.parse(text) : text) as T };
  }

  /** The answer's body, or an error with the portal's own words. */
  async must<T = unknown>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await this.call<T>(method, path, body);
    if (answer.status >= 400) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  async #fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    if (this.#token) headers.set('authorization', `Bearer ${this.#token}`);
    if (this.#cookies.size > 0) headers.set('cookie', [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; '));
    const response = await fetch(`${this.portalUrl}${path}`, { ...init, headers, redirect: 'manual' });
    for (const line of response.headers.getSetCookie()) this.#keep(line);
    return response;
  }

  #keep(line: string): void {
    const [pair = ''] = line.split(';');
    const cut = pair.indexOf('=');
    const name = pair.slice(0, cut);
    const value = pair.slice(cut + 1);
    if (value === '' || /max-age=0/i.test(line)) this.#cookies.delete(name);
    else this.#cookies.set(name, value);
  }
}
