'use client';
import { useState } from 'react';
import { Button } from '#components/ui/button.tsx';
import { CodeBlock } from '#components/ui/code-block.tsx';
import type { AccessCluster } from '#lib/entitlement/schema.ts';
import { commandsFor, type Shell, shells } from './commands.ts';

export function WhatToType({ fileName, clusters }: { fileName: string; clusters: readonly AccessCluster[] }) {
  const [shell, setShell] = useState<Shell>(
    typeof navigator !== 'undefined' && /Windows/.test(navigator.userAgent) ? 'PowerShell' : 'bash',
  );
  return (
    <div>
      <fieldset className="mb-1.5 flex items-center gap-1">
        <legend className="float-left mr-2 font-semibold">Now type, in</legend>
        {shells.map((name) => (
          <Button
            key={name}
            look={name === shell ? 'plain' : 'ghost'}
            size="small"
            aria-pressed={name === shell}
            onClick={() => setShell(name)}
          >
            {name}
          </Button>
        ))}
      </fieldset>
      <CodeBlock label={`Commands for ${shell}`} text={commandsFor(shell, fileName, clusters)} />
    </div>
  );
}
