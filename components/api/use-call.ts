'use client';
import { useState } from 'react';
import { type ApiProblem, asProblem, callApi, type Method } from './client.ts';

/** One call at a time, with what a form needs to show of it. `call` answers null when it was refused. */
export function useCall() {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  async function call<Answer>(method: Method, path: string, body?: unknown): Promise<Answer | null> {
    setBusy(true);
    setProblem(null);
    try {
      return (await callApi<Answer>(method, path, body)) ?? ({} as Answer);
    } catch (error) {
      setProblem(asProblem(error));
      return null;
    } finally {
      setBusy(false);
    }
  }
  return { call, busy, problem, clear: () => setProblem(null) };
}
