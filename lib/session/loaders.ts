import { operation } from '#lib/api/operation.ts';
import { none } from '#lib/api/schema.ts';
import { ownsProjects } from '#lib/directory/who-may-pick.ts';
import { readSettings } from '#lib/setup/data.ts';
import { liveSessionsOf } from './data.ts';
import { meOutput, sessionsOutput } from './schema.ts';

export const meGet = operation({
  id: 'me.get',
  method: 'GET',
  path: '/me',
  summary: 'Who I am here, and which parts of the portal are mine to see',
  allow: 'person',
  input: none,
  output: meOutput,
  async run({ db, world, now, config }, viewer) {
    const sessions = viewer.via === 'session' ? await liveSessionsOf(db, viewer.person.id) : [];
    const { accessContact } = await readSettings(db);
    return {
      person: viewer.person,
      powers: viewer.powers,
      ownsProjects: ownsProjects(world, viewer.person.id, now),
      via: viewer.via,
      sessionExpiresAt: viewer.endsAt ?? sessions.find(({ id }) => id === viewer.sessionId)?.expiresAt ?? null,
      installation: { id: world.installation.id, portalUrl: config.portalUrl, proxyUrl: config.proxyUrl, accessContact },
    };
  },
});

export const sessionsList = operation({
  id: 'sessions.list',
  method: 'GET',
  path: '/me/sessions',
  summary: 'Where I am signed in',
  allow: 'person',
  ofPerson: true,
  input: none,
  output: sessionsOutput,
  async run({ db }, viewer) {
    const sessions = await liveSessionsOf(db, viewer.person.id);
    return { sessions: sessions.map((session) => ({ ...session, current: session.id === viewer.sessionId })) };
  },
});

export const operations = [meGet, sessionsList];
