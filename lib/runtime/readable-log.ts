/** Turns the JSON lines of the roles into one log that a person reads: time, who, level where it matters, message, facts. */

export function createLineReader(onLine: (line: string) => void): (chunk: Buffer) => void {
  let rest = '';
  return (chunk) => {
    const lines = (rest + chunk.toString('utf8')).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.trim() !== '') onLine(line);
  };
}

const levelWords: Readonly<Record<number, string>> = { 40: 'warn ', 50: 'ERROR', 60: 'FATAL' };
const plumbing = new Set(['level', 'time', 'name', 'msg', 'ready', 'pid', 'hostname']);

export interface ShownLine {
  /** The line says that its role is ready. */
  readonly ready: boolean;
  /** What went wrong, where the line tells of an error. */
  readonly error: string | null;
}

export function showLine(role: string, line: string): ShownLine {
  const parsed = parse(line);
  if (!parsed) {
    tell(role, line);
    return { ready: false, error: null };
  }
  const level = levelWords[Number(parsed.level)];
  const facts = Object.entries(parsed)
    .filter(([key]) => !plumbing.has(key))
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ');
  const time = typeof parsed.time === 'string' ? new Date(parsed.time) : new Date();
  tell(role, `${level ? `${level} ` : ''}${String(parsed.msg ?? '')}${facts ? `  ${facts}` : ''}`, time);
  return { ready: parsed.ready === true, error: Number(parsed.level) >= 50 ? String(parsed.msg ?? '') : null };
}

export function tell(who: string, text: string, at = new Date()): void {
  process.stdout.write(`${at.toISOString().slice(11, 23)} ${who.padEnd(10)} ${text}\n`);
}

function parse(line: string): Record<string, unknown> | null {
  if (!line.startsWith('{')) return null;
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return null;
  }
}
