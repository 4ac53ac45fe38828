import { expect, test } from 'vitest';
import { labelsFrom, labelsToText } from './label-text.ts';

test('labels are read as they are typed, and written as they are read', () => {
  expect(labelsFrom('env=prod,  region=eu spare')).toEqual({ env: 'prod', region: 'eu', spare: '' });
  expect(labelsToText({ env: 'prod', spare: '' })).toBe('env=prod, spare');
  expect(labelsFrom('')).toEqual({});
});
