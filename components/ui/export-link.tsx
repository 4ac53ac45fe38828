import { buttonStyle } from './button.tsx';

/** The list as it is searched and filtered, every row of it, as a file. `search` holds what of the address the export knows. */
export function ExportLink({ path, search = {} }: { path: string; search?: Readonly<Record<string, string | undefined>> }) {
  const params = new URLSearchParams(Object.entries(search).flatMap(([name, value]) => (value ? [[name, value]] : [])));
  return (
    <a className={buttonStyle()} href={`/api/v1${path}${params.size > 0 ? `?${params}` : ''}`} download>
      Export CSV
    </a>
  );
}
