/**
 * Holds the drawing of the house (docs/architecture.md): which room may know which. Reads every import of every source file and names each
 * line that breaks a rule, and each circle. Type-only imports count for the rules and not for circles: a type has no moment of loading.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';

interface Import {
  readonly from: string;
  readonly to: string;
  readonly typeOnly: boolean;
}

interface Rule {
  readonly says: string;
  breaks(link: Import): boolean;
}

const ground = /^lib\/(config|errors|db|log|runtime\/(service|listen|loop))\b/;
const isTest = (file: string) =>
  /\.(test|spec)\.tsx?$/.test(file) || file.startsWith('e2e/') || /\/testing(\.ts|-[a-z]+\.ts|\/)/.test(file);
const isPrisma = (target: string) => target.startsWith('@prisma/') || target.startsWith('lib/db/generated');
const isNext = (target: string) => /^(next|next-auth|react|react-dom)(\/|$)/.test(target);
const speaksToParts = (target: string) => isPrisma(target) || /^(ldapts|pg|undici|@kubernetes\/client-node)(\/|$)/.test(target);

const rules: readonly Rule[] = [
  {
    says: 'the ground (config, errors, db, log) imports nothing above itself',
    breaks: ({ from, to }) => ground.test(from) && to.startsWith('lib/') && !ground.test(to),
  },
  {
    says: 'proxy, reconcile, cluster, directory and entitlement sources that the data plane runs import neither Next nor React',
    breaks: ({ from, to }) =>
      /^lib\/(proxy|reconcile|revocation|request|directory|cluster|entitlement|project|credential|audit)\//.test(from) && isNext(to),
  },
  {
    says: 'proxy and reconcile import no loaders and no actions',
    breaks: ({ from, to }) => /^lib\/(proxy|reconcile)\//.test(from) && /\/(loaders|actions)\.tsx?$/.test(to),
  },
  {
    says: 'Prisma is imported in data.ts, mutations.ts and lib/db (elsewhere its types only)',
    breaks: ({ from, to, typeOnly }) => isPrisma(to) && !typeOnly && !/\/(data|mutations)\.ts$/.test(from) && !from.startsWith('lib/db/'),
  },
  {
    says: 'routing files import no Prisma, no LDAP and no Kubernetes client',
    breaks: ({ from, to }) => from.startsWith('app/') && (speaksToParts(to) || /\/(data|mutations)\.ts$/.test(to)),
  },
  {
    says: 'components/ui knows no domain',
    breaks: ({ from, to }) => from.startsWith('components/ui/') && (to.startsWith('lib/') || /^components\/(?!ui\/)/.test(to)),
  },
  {
    says: 'components reach the domain by types and schemas only',
    breaks: ({ from, to, typeOnly }) =>
      from.startsWith('components/') &&
      to.startsWith('lib/') &&
      !typeOnly &&
      !/\/([a-z-]+-)?(schema|types)\.ts$|^lib\/(session\/fault-digest|project\/quantity)\.ts$/.test(to),
  },
  {
    says: 'lib knows no screens',
    breaks: ({ from, to }) => from.startsWith('lib/') && /^(app|components|e2e)\//.test(to),
  },
  {
    says: 'only runtime, server.ts and the tests know runtime',
    breaks: ({ from, to }) =>
      /^lib\/runtime\/(?!(service|listen|loop)\.ts)/.test(to) &&
      !from.startsWith('lib/runtime/') &&
      from !== 'server.ts' &&
      !/^(e2e|bench|scripts)\//.test(from),
  },
];

const files = ['app', 'components', 'lib', 'e2e', 'bench', 'scripts']
  .flatMap(sourcesUnder)
  .concat(existsSync('server.ts') ? ['server.ts'] : []);
const links = files.flatMap(importsOf);
const broken = links
  .filter(({ from }) => !isTest(from))
  .flatMap((link) => rules.filter((rule) => rule.breaks(link)).map((rule) => `${link.from} imports ${link.to}: ${rule.says}`));
const circles = findCircles(links.filter(({ typeOnly }) => !typeOnly));

for (const line of [...broken, ...circles.map((circle) => `import circle: ${circle.join(' → ')}`)]) console.error(line);
console.log(`${files.length} files, ${links.length} imports, ${broken.length} broken arrows, ${circles.length} circles`);
process.exit(broken.length + circles.length === 0 ? 0 : 1);

function sourcesUnder(directory: string): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !path.startsWith('lib/db/generated'));
}

function importsOf(file: string): Import[] {
  const text = readFileSync(file, 'utf8');
  const found: Import[] = [];
  for (const match of text.matchAll(/^\s*(import|export)\s+(type\s+)?([^'";]*?\sfrom\s+)?'([^']+)'/gm)) {
    const [, , typeKeyword, clause, target] = match;
    if (target === undefined) continue;
    const names =
      clause
        ?.match(/\{([^}]*)\}/)?.[1]
        ?.split(',')
        .map((name) => name.trim())
        .filter(Boolean) ?? [];
    const allTypes = names.length > 0 && names.every((name) => name.startsWith('type ')) && /^\{/.test(clause?.trim() ?? '');
    found.push({ from: file, to: resolveTarget(file, target), typeOnly: typeKeyword !== undefined || allTypes });
  }
  for (const match of text.matchAll(/\bimport\('([^']+)'\)/g)) {
    if (match[1] !== undefined) found.push({ from: file, to: resolveTarget(file, match[1]), typeOnly: true });
  }
  return found;
}

function resolveTarget(file: string, target: string): string {
  if (target.startsWith('#')) return target.slice(1);
  if (target.startsWith('.')) return relative('.', normalize(join(dirname(file), target)));
  return target;
}

function findCircles(all: readonly Import[]): string[][] {
  const next = new Map<string, string[]>();
  for (const { from, to } of all) next.set(from, [...(next.get(from) ?? []), to]);
  const state = new Map<string, 'open' | 'done'>();
  const circles: string[][] = [];
  const path: string[] = [];
  const visit = (file: string): void => {
    if (state.get(file) === 'done') return;
    if (state.get(file) === 'open') {
      circles.push([...path.slice(path.indexOf(file)), file]);
      return;
    }
    state.set(file, 'open');
    path.push(file);
    for (const to of next.get(file) ?? []) visit(to);
    path.pop();
    state.set(file, 'done');
  };
  for (const file of next.keys()) visit(file);
  return circles;
}
