// The worker's answers to what the portal asks about clusters: everything that needs a cluster's credential, or an administrator's.
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { OpeningKey } from '#lib/config/keys.ts';
import type { Database } from '#lib/db/database.ts';
import { isLeaseHeld } from '#lib/db/lease.ts';
import type { World } from '#lib/entitlement/world.ts';
import { asFault } from '#lib/errors/fault.ts';
import type { Log } from '#lib/log/log.ts';
import type { AskedRequest, Handler } from '#lib/request/answer.ts';
import { clearAway } from './clear-away.ts';
import { readClusterRow } from './data.ts';
import { acceptDelivery } from './invitation.ts';
import { joinInput } from './invitation-schema.ts';
import { readKubeconfig } from './kubeconfig.ts';
import { forgetCluster, markRemoved, noSuchCluster, recordFailedRegistration } from './mutations.ts';
import { reconcileLeaseName } from './names.ts';
import { proveForAsker } from './proof.ts';
import { approveRebuilt, changeReach } from './reach.ts';
import { type Registrar, registerWithCredential, repairWithCredential, type Tell } from './register.ts';
import { approveRebuiltInput, clusterRef, reachInput, registerInput, repairInput } from './schema.ts';
import type { ClusterAddress } from './transport.ts';

export interface ClusterHandlersOptions {
  readonly db: Database;
  readonly world: World;
  readonly openingKey: OpeningKey;
  readonly log: Log;
}

const pasted = z.object({ kubeconfig: registerInput.shape.kubeconfig });
const registration = registerInput.omit({ kubeconfig: true });
const repair = repairInput.omit({ kubeconfig: true });

export function clusterHandlers({ db, world, openingKey, log }: ClusterHandlersOptions): Record<string, Handler> {
  const registrar: Registrar = { db, openingKey, installationId: world.installation.id, log };
  return {
    async 'cluster.register'(request) {
      const { name, title, labels, context, ...outside } = registration.parse(request.input);
      try {
        const { address, auth } = readKubeconfig(pasted.parse(request.secret).kubeconfig, context);
        const wanted = { name, title: title || null, labels, askerId: request.askerId };
        return await registerWithCredential(registrar, wanted, atOutside(address, outside), auth, telling(request));
      } catch (error) {
        await recordFailedRegistration(db, request.askerId, name, asFault(error).message);
        throw error;
      }
    },

    async 'cluster.accept'(request) {
      return acceptDelivery(registrar, joinInput.parse(request.input), telling(request));
    },

    async 'cluster.repair'(request) {
      const { id, context, approveUid, ...outside } = repair.parse(request.input);
      const cluster = await requireStanding(db, id);
      const { address, auth } = readKubeconfig(pasted.parse(request.secret).kubeconfig, context);
      // An administrator's own machine may need no proxy where this one does.
      const way = { ...address, proxyUrl: address.proxyUrl ?? cluster.proxyUrl };
      const consent = { askerId: request.askerId, approveUid };
      return repairWithCredential(registrar, cluster, atOutside(way, outside), auth, consent, telling(request));
    },

    async 'cluster.reach'(request) {
      const { id, ...change } = reachInput.parse(request.input);
      return changeReach(registrar, await requireStanding(db, id), change, request.askerId, telling(request));
    },

    async 'cluster.approve-rebuilt'(request) {
      const { id, kubeSystemUid } = approveRebuiltInput.parse(request.input);
      return approveRebuilt(registrar, await requireStanding(db, id), kubeSystemUid, request.askerId, telling(request));
    },

    async 'cluster.self-test'(request) {
      const { id } = clusterRef.parse(request.input);
      return proveForAsker({ db, world, openingKey }, id, request.askerId);
    },

    async 'cluster.remove'(request) {
      const { id } = clusterRef.parse(request.input);
      await markRemoved(db, id, request.askerId);
      await untilNobodyReconciles(db, id);
      await forgetCluster(db, id);
      return clearAway(registrar, id);
    },
  };
}

async function requireStanding(db: Database, id: string) {
  const cluster = await readClusterRow(db, id);
  if (!cluster || cluster.state === 'removed') throw noSuchCluster();
  return cluster;
}

/** The address that we all will use: what an admin typed, else the kubeconfig's own. */
function atOutside(
  address: ClusterAddress,
  { serverUrl, proxyUrl }: { serverUrl?: string | undefined; proxyUrl?: string | undefined },
): ClusterAddress {
  return { ...address, ...(serverUrl ? { url: serverUrl.replace(/\/+$/, '') } : {}), ...(proxyUrl ? { proxyUrl } : {}) };
}

function telling(request: AskedRequest): Tell {
  return (text) => request.progress({ text });
}

/** Its reconciler hears of the removal by the change feed; whatever it had in hand would be made anew behind our back. */
async function untilNobodyReconciles(db: Database, id: string): Promise<void> {
  const deadline = performance.now() + 20_000;
  while ((await isLeaseHeld(db, reconcileLeaseName(id))) && performance.now() < deadline) await sleep(100);
}
