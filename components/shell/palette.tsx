'use client';
import { Command } from 'cmdk';
import { Search } from 'lucide-react';
import { useRouter } from 'next/navigation';
import { Dialog } from 'radix-ui';
import { createContext, type ReactNode, useContext, useEffect, useState } from 'react';
import { callApi } from '#components/api/client.ts';
import { useFocusReturn } from '#components/ui/focus-return.ts';
import { Kbd } from '#components/ui/kbd.tsx';
import type { SearchHit } from '#lib/overview/schema.ts';

const OpenPalette = createContext<() => void>(() => {});

const headings: Record<SearchHit['kind'], string> = {
  page: 'Pages',
  person: 'People',
  group: 'Groups',
  cluster: 'Clusters',
  role: 'Roles',
  project: 'Projects',
};

/** Ctrl-K or ⌘K, anywhere: jumps to any person, group, cluster, role, project or page that the viewer may see. */
export function PaletteProvider({ children }: { children: ReactNode }) {
  const [open, setOpen] = useState(false);
  const focusReturn = useFocusReturn();
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== 'k' || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      setOpen((was) => !was);
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
  return (
    <OpenPalette value={() => setOpen(true)}>
      {children}
      <Dialog.Root open={open} onOpenChange={setOpen}>
        <Dialog.Portal>
          <Dialog.Overlay className="fixed inset-0 z-40 bg-black/35" />
          <Dialog.Content
            {...focusReturn}
            aria-describedby={undefined}
            className="fixed top-[14vh] left-1/2 z-50 w-[calc(100vw-2rem)] max-w-xl -translate-x-1/2 overflow-hidden rounded-lg border border-line-strong bg-bg shadow-lift"
          >
            <Dialog.Title className="sr-only">Jump to anything</Dialog.Title>
            <Palette onDone={() => setOpen(false)} />
          </Dialog.Content>
        </Dialog.Portal>
      </Dialog.Root>
    </OpenPalette>
  );
}

function keyOf(hit: SearchHit | undefined): string {
  return hit ? `${hit.kind} ${hit.id}` : '';
}

function Palette({ onDone }: { onDone: () => void }) {
  const router = useRouter();
  const [text, setText] = useState('');
  const [hits, setHits] = useState<readonly SearchHit[] | null>(null);
  // The first hit is chosen as it comes: Enter goes somewhere whenever something is listed.
  const [chosen, setChosen] = useState('');
  useEffect(() => {
    let wanted = true;
    const timer = setTimeout(async () => {
      const answer = await callApi<{ hits: SearchHit[] }>('GET', `/search?q=${encodeURIComponent(text)}`).catch(() => ({ hits: [] }));
      if (!wanted) return;
      setHits(answer.hits);
      setChosen(keyOf(answer.hits[0]));
    }, 80);
    return () => {
      wanted = false;
      clearTimeout(timer);
    };
  }, [text]);
  const kinds = [...new Set((hits ?? []).map(({ kind }) => kind))];
  return (
    <Command shouldFilter={false} label="Jump to anything" value={chosen} onValueChange={setChosen}>
      <Command.Input
        value={text}
        onValueChange={setText}
        placeholder="A person, group, cluster, role, project or page"
        className="h-11 w-full border-line border-b bg-transparent px-4 outline-none"
      />
      <Command.List className="max-h-[50vh] overflow-y-auto p-1.5">
        {hits?.length === 0 ? <Command.Empty className="px-2.5 py-4 text-soft">Nothing here has this name.</Command.Empty> : null}
        {kinds.map((kind) => (
          <Command.Group
            key={kind}
            heading={headings[kind]}
            className="[&_[cmdk-group-heading]]:px-2.5 [&_[cmdk-group-heading]]:pt-2 [&_[cmdk-group-heading]]:pb-1 [&_[cmdk-group-heading]]:text-faint [&_[cmdk-group-heading]]:text-xs"
          >
            {(hits ?? [])
              .filter((hit) => hit.kind === kind)
              .map((hit) => (
                <Command.Item
                  key={hit.id}
                  value={keyOf(hit)}
                  onSelect={() => {
                    onDone();
                    router.push(hit.href);
                  }}
                  className="flex h-8 cursor-pointer items-center gap-3 rounded-md px-2.5 data-[selected=true]:bg-sunk"
                >
                  <span className="truncate">{hit.title}</span>
                  {hit.detail ? <span className="ml-auto truncate text-soft text-xs">{hit.detail}</span> : null}
                </Command.Item>
              ))}
          </Command.Group>
        ))}
      </Command.List>
    </Command>
  );
}

export function PaletteButton() {
  const open = useContext(OpenPalette);
  return (
    <button
      type="button"
      onClick={open}
      aria-keyshortcuts="Control+K Meta+K"
      className="ml-auto flex h-[30px] shrink-0 items-center gap-2 rounded-md border border-line-strong bg-bg px-2.5 text-faint hover:border-edge lg:w-[300px]"
    >
      <Search aria-hidden className="size-4 lg:hidden" />
      <span className="hidden flex-1 text-left lg:block">Jump to anything</span>
      <span className="sr-only lg:hidden">Jump to anything</span>
      <span className="hidden lg:block">
        <Kbd>Ctrl K</Kbd>
      </span>
    </button>
  );
}
