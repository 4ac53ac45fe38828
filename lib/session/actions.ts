import { z } from 'zod';
import { operation } from '#lib/api/operation.ts';
import { none } from '#lib/api/schema.ts';
import { changing } from '#lib/db/database.ts';
import { fault } from '#lib/errors/fault.ts';
import { liveSessionsOf } from './data.ts';
import { endSession } from './mutations.ts';
import { endedOutput } from './schema.ts';
import { actorOf } from './viewer.ts';

export const sessionsEnd = operation({
  id: 'sessions.end',
  method: 'DELETE',
  path: '/me/sessions/{id}',
  summary: 'Signs me out in one place',
  allow: 'person',
  ofPerson: true,
  input: z.object({ id: z.string().max(40) }),
  output: endedOutput,
  async run({ db }, viewer, { id }) {
    const ended = await changing(db, (tx, touch) => endSession(tx, touch, id, viewer.person.id, 'ended by its owner', actorOf(viewer)));
    if (!ended) throw fault('not-found', 'session.no-such-session', 'There is no such session of yours, or it is over already.');
    return { ended: 1 };
  },
});

export const sessionsEndOthers = operation({
  id: 'sessions.endOthers',
  method: 'POST',
  path: '/me/sessions/end-others',
  summary: 'Signs me out everywhere but here',
  allow: 'person',
  ofPerson: true,
  input: none,
  output: endedOutput,
  async run({ db }, viewer) {
    const others = (await liveSessionsOf(db, viewer.person.id)).filter(({ id }) => id !== viewer.sessionId);
    return changing(db, async (tx, touch) => {
      let ended = 0;
      for (const { id } of others) if (await endSession(tx, touch, id, viewer.person.id, 'ended by its owner', actorOf(viewer))) ended += 1;
      return { ended };
    });
  },
});

export const operations = [sessionsEnd, sessionsEndOthers];
