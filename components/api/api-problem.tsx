import { Problem } from '#components/ui/problem.tsx';
import type { ApiProblem } from './client.ts';

/** What the API said, unless a field of the form says it already. */
export function ApiProblemNote({ problem, fieldsShown = [] }: { problem: ApiProblem | null; fieldsShown?: readonly string[] }) {
  if (!problem) return null;
  const elsewhere = Object.entries(problem.fields).filter(([field]) => !fieldsShown.includes(field));
  const message =
    elsewhere.length > 0 ? `${problem.message} ${elsewhere.map(([field, text]) => `${field}: ${text}`).join(' ')}` : problem.message;
  return <Problem message={message} code={problem.code} quote={problem.requestId} />;
}
