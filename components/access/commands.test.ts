import { expect, test } from 'vitest';
import { commandsFor } from './commands.ts';

test('each shell is told how to point kubectl at the file, and then a command that works there', () => {
  const clusters = [
    { name: 'east', namespaces: ['shop'] },
    { name: 'west', namespaces: 'all' as const },
  ];
  expect(commandsFor('bash', 'gatehouse-alice.yaml', clusters)).toBe(
    [
      'chmod 600 ~/Downloads/gatehouse-alice.yaml',
      'export KUBECONFIG=~/Downloads/gatehouse-alice.yaml',
      'kubectl --context east get pods -n shop',
      'kubectl --context west get pods --all-namespaces',
    ].join('\n'),
  );
  expect(commandsFor('PowerShell', 'gatehouse-alice.yaml', [])).toBe('$env:KUBECONFIG = "$HOME\\Downloads\\gatehouse-alice.yaml"');
});
