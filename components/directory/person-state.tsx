import { Status, type Tone } from '#components/ui/status.tsx';
import type { PersonRow } from '#lib/directory/people/schema.ts';

export type PersonState = PersonRow['state'];

const tones: Record<PersonState, Tone> = {
  enabled: 'ok',
  disabled: 'bad',
  expired: 'bad',
  locked: 'warn',
  'outside-hours': 'warn',
  deleted: 'bad',
  'out-of-scope': 'off',
  cut: 'bad',
};

export const personStateWords: Record<PersonState, string> = {
  enabled: 'enabled',
  disabled: 'disabled',
  expired: 'expired',
  locked: 'locked',
  'outside-hours': 'outside logon hours',
  deleted: 'deleted',
  'out-of-scope': 'out of scope',
  cut: 'cut off',
};

export function PersonStatus({ state }: { state: PersonState }) {
  return <Status tone={tones[state]}>{personStateWords[state]}</Status>;
}
