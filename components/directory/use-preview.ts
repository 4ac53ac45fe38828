'use client';
import { useEffect, useRef, useState } from 'react';
import { type ApiProblem, asProblem, callApi } from '#components/api/client.ts';
import type { Preview, PreviewOutput } from '#lib/directory/preview/schema.ts';

const lookEveryMs = 700;

export type PreviewState = {
  readonly busy: boolean;
  readonly progress: string | null;
  readonly problem: ApiProblem | null;
  readonly previewId: string | null;
  readonly preview: Preview | null;
};

const nothing: PreviewState = { busy: false, progress: null, problem: null, previewId: null, preview: null };

/** Asks for a preview and follows it until it is there. Another one asked meanwhile takes its place on the screen. */
export function usePreview(directoryId: string) {
  const [state, setState] = useState<PreviewState>(nothing);
  const latest = useRef(0);
  useEffect(
    () => () => {
      latest.current = Number.POSITIVE_INFINITY;
    },
    [],
  );

  async function start(changes: Record<string, unknown>): Promise<void> {
    latest.current += 1;
    const mine = latest.current;
    const show = (next: Partial<PreviewState>) => {
      if (latest.current === mine) setState((before) => ({ ...before, ...next }));
    };
    setState({ ...nothing, busy: true, progress: 'Asking the domain controller' });
    try {
      const { previewId } = await callApi<{ previewId: string }>('POST', `/directories/${directoryId}/previews`, changes);
      show({ previewId });
      while (latest.current === mine) {
        const told = await callApi<PreviewOutput>('GET', `/directories/${directoryId}/previews/${previewId}`);
        if (told.state === 'done') return show({ busy: false, preview: told.preview });
        if (told.state === 'failed') return show({ busy: false, problem: refusalOf(told.error) });
        show({ progress: told.progress?.text ?? 'Waiting for its turn' });
        await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
      }
    } catch (error) {
      show({ busy: false, problem: asProblem(error) });
    }
  }

  return {
    ...state,
    start,
    clear() {
      latest.current += 1;
      setState(nothing);
    },
  };
}

function refusalOf(error: PreviewOutput['error']): ApiProblem {
  const problem = asProblem(null);
  if (!error) return problem;
  return Object.assign(problem, { code: error.code, message: error.message, fields: error.fields ?? {} });
}
