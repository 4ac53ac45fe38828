import { DirectoryStatus } from '#components/directory/directory-state.tsx';
import { modeWords } from '#components/directory/sync-words.ts';
import { counted } from '#components/ui/count.ts';
import { TextLink } from '#components/ui/text-link.tsx';
import { Time } from '#components/ui/time.tsx';
import type { Overview } from '#lib/overview/schema.ts';
import { behindInWords } from './behind.ts';

type Directory = Overview['directories'][number];
type Controller = Directory['controllers'][number];

/** What each domain controller tells us, and how far behind it we are. */
export function DirectoryFeed({ directories, now }: Pick<Overview, 'directories' | 'now'>) {
  if (directories.length === 0)
    return (
      <p className="text-soft">
        None yet. <TextLink href="/admin/settings">Connect the first</TextLink>
      </p>
    );
  return (
    <ul className="border-line border-t">
      {directories.map((directory) => (
        <li key={directory.id} className="border-line border-b py-1.5">
          <div className="flex justify-between gap-4">
            <TextLink quiet href={`/admin/settings/syncs/${directory.id}`} className="font-medium">
              {directory.domain}
            </TextLink>
            <DirectoryStatus state={directory.state} detail={directory.stateDetail} />
          </div>
          <div className="text-soft text-sm">
            {counted(directory.people, 'person', 'people')}, {counted(directory.groups, 'group')}
          </div>
          <ul>
            {directory.controllers.map((controller) => (
              <ControllerLine key={controller.id} controller={controller} now={now} />
            ))}
          </ul>
        </li>
      ))}
    </ul>
  );
}

function ControllerLine({ controller, now }: { controller: Controller; now: string }) {
  const { url, dnsHostName, state, stateDetail, freshAt, changedAt, changeMode } = controller;
  const behind = freshAt ? behindInWords(freshAt, now) : null;
  return (
    <li className="mt-1">
      <div className="flex justify-between gap-4">
        <code className="min-w-0 truncate" title={url}>
          {dnsHostName ?? url.replace(/^ldaps?:\/\//, '')}
        </code>
        {state === 'following' && freshAt ? (
          <span className="whitespace-nowrap text-sm">
            {behind === null ? (
              'up to date'
            ) : (
              <>
                <b className="font-semibold">{behind}</b> behind
              </>
            )}
          </span>
        ) : (
          <DirectoryStatus state={state} detail={stateDetail} />
        )}
      </div>
      <div className="text-soft text-sm">
        {changedAt ? (
          <>
            last change <Time at={changedAt} />
          </>
        ) : (
          'no change told yet'
        )}
        {changeMode ? ` · ${modeWords[changeMode]}` : ''}
      </div>
    </li>
  );
}
