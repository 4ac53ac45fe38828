import { counted } from '#components/ui/count.ts';
import { Empty } from '#components/ui/empty.tsx';
import { Note } from '#components/ui/note.tsx';
import { Section } from '#components/ui/section.tsx';
import { Status } from '#components/ui/status.tsx';
import type { BreakGlass } from '#lib/breakglass/schema.ts';
import { AccountTable } from './account-table.tsx';
import { AlertList } from './alert-list.tsx';
import { MakeAccount } from './make-account.tsx';
import { SwitchBreakGlass } from './switch-break-glass.tsx';

/** The local accounts on the settings page. `mayKeep`: a platform admin of the directory, signed in themselves. */
export function BreakGlassSection({ breakGlass, mayKeep }: { breakGlass: BreakGlass; mayKeep: boolean }) {
  const { accounts, alerts, off, rules } = breakGlass;
  const sessions = accounts.reduce((sum, account) => sum + account.sessions, 0);
  const isConfiguredOff = off?.by === 'configuration';
  return (
    <div id="break-glass" className="scroll-mt-4">
      <Section title="Break-glass" actions={<Standing breakGlass={breakGlass} />}>
        <div className="grid gap-3">
          <AlertList alerts={alerts} mayAcknowledge={mayKeep} />
          {off ? <Note tone="warn">{whyOff(off)}</Note> : null}
          <p className="max-w-prose text-soft">
            For the day on which no domain controller answers: local accounts in sealed envelopes, at least {rules.accountsNeeded} of them,
            that administer this portal for {counted(rules.sessionMinutes, 'minute')} at a time. They open no cluster: the door knows people
            of the directory only. Each try is told to everybody who administers. Once used, an account lets in for {rules.openHours} hours
            and must then be made anew.
          </p>
          {accounts.length > 0 ? (
            <AccountTable breakGlass={breakGlass} mayKeep={mayKeep} />
          ) : (
            <Empty title="No account is made yet: while the directory cannot be reached, nobody can administer this platform.">
              Make {rules.accountsNeeded}, and give their envelopes to different people.
            </Empty>
          )}
          {mayKeep ? (
            <div className="flex flex-wrap gap-2">
              {isConfiguredOff ? null : (
                <>
                  <MakeAccount suggested={freeName(accounts.map(({ name }) => name))} full={accounts.length >= rules.accountsMax} />
                  <SwitchBreakGlass isOn={off === null} sessions={sessions} />
                </>
              )}
            </div>
          ) : (
            <p className="text-faint text-sm">Platform admins who are signed in through the directory keep these accounts.</p>
          )}
        </div>
      </Section>
    </div>
  );
}

function Standing({ breakGlass: { off, setUp, accounts, rules } }: { breakGlass: BreakGlass }) {
  if (off) return <Status tone="off">Switched off</Status>;
  if (!setUp) {
    const ready = accounts.filter(({ enrolledAt }) => enrolledAt !== null).length;
    return (
      <Status tone="warn">
        Not set up yet: {ready} of {rules.accountsNeeded} confirmed
      </Status>
    );
  }
  const toMakeAnew = accounts.filter(({ state }) => state === 'used' || state === 'closed').length;
  return toMakeAnew > 0 ? <Status tone="warn">{counted(toMakeAnew, 'account')} to make anew</Status> : <Status tone="ok">Set up</Status>;
}

function whyOff({ by, name }: NonNullable<BreakGlass['off']>): string {
  return by === 'configuration'
    ? 'The configuration (GATEHOUSE_BREAK_GLASS=off) switches it off: no account lets anybody in.'
    : `${name ?? 'An admin'} has switched it off: no account lets anybody in.`;
}

function freeName(taken: readonly string[]): string {
  return ['glass-one', 'glass-two', 'glass-three'].find((name) => !taken.includes(name)) ?? '';
}
