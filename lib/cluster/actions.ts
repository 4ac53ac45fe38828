// What can be done with clusters. All that needs a cluster's credential is asked of the worker; a pasted kubeconfig travels sealed to it and
// is nowhere else: not in the request's readable input, not in a log, not in an answer.
import { z } from 'zod';
import { operation } from '#lib/api/operation.ts';
import { changing } from '#lib/db/database.ts';
import { actorOf } from '#lib/session/viewer.ts';
import { readClusterRow, readTaken } from './data.ts';
import { hashOfCode, invitationMinutes, newCode } from './invitation-code.ts';
import { insertInvitation } from './invitation-mutations.ts';
import { invitedOutput, inviteInput, joinedOutput, joinInput } from './invitation-schema.ts';
import { noSuchCluster, updateCluster } from './mutations.ts';
import { nameTaken } from './name-taken.ts';
import { joinJobName, systemNamespace } from './names.ts';
import { selfTestOutput } from './powers-schema.ts';
import {
  approveRebuiltInput,
  clusterRef,
  doneOutput,
  reachedOutput,
  reachInput,
  registeredOutput,
  registerInput,
  removedOutput,
  repairInput,
  updateInput,
} from './schema.ts';

/** A cluster far away with a slow API server: a dozen calls after one another. */
const workerTimeoutMs = 90_000;
const workerAnswer = z.object({ id: z.string(), name: z.string(), version: z.string() });

export const registerCluster = operation({
  id: 'clusters.register',
  method: 'POST',
  path: '/clusters',
  summary: 'Register a cluster with a kubeconfig that is used once and not kept',
  allow: 'setup',
  onFreshFacts: true,
  status: 201,
  input: registerInput,
  output: registeredOutput,
  async run({ ask }, _viewer, { kubeconfig, ...input }) {
    return workerAnswer.parse(await ask('cluster.register', input, { kubeconfig }, { timeoutMs: workerTimeoutMs }));
  },
});

export const repairCluster = operation({
  id: 'clusters.repair',
  method: 'POST',
  path: '/clusters/{id}/repair',
  summary: 'Renew our accounts in a cluster with a kubeconfig that is used once and not kept',
  allow: 'admin',
  input: repairInput,
  output: registeredOutput,
  async run({ ask }, _viewer, { kubeconfig, ...input }) {
    return workerAnswer.parse(await ask('cluster.repair', input, { kubeconfig }, { timeoutMs: workerTimeoutMs }));
  },
});

export const reachCluster = operation({
  id: 'clusters.reach',
  method: 'PATCH',
  path: '/clusters/{id}/reach',
  summary: 'Change how a cluster is reached (address, name, proxy, certificate authorities); tried live before it is accepted',
  allow: 'admin',
  input: reachInput,
  output: reachedOutput,
  async run({ ask }, _viewer, input) {
    return reachedOutput.parse(await ask('cluster.reach', input, undefined, { timeoutMs: workerTimeoutMs }));
  },
});

export const approveRebuiltCluster = operation({
  id: 'clusters.approve-rebuilt',
  method: 'POST',
  path: '/clusters/{id}/approve-rebuilt',
  summary: 'Say that the cluster which answers now, by its kube-system UID, takes the place of the registered one',
  allow: 'admin',
  input: approveRebuiltInput,
  output: reachedOutput,
  async run({ ask }, _viewer, input) {
    return reachedOutput.parse(await ask('cluster.approve-rebuilt', input, undefined, { timeoutMs: workerTimeoutMs }));
  },
});

export const inviteCluster = operation({
  id: 'clusters.invite',
  method: 'POST',
  path: '/cluster-invitations',
  summary: 'Begin a registration by one kubectl apply',
  allow: 'setup',
  onFreshFacts: true,
  status: 201,
  input: inviteInput,
  output: invitedOutput,
  async run({ db, config, now }, viewer, { name, labels, serverUrl, proxyUrl, image }) {
    const taken = await readTaken(db, { name });
    if (taken) throw nameTaken(name, taken.state === 'removed');
    const code = newCode();
    const expiresAt = new Date(now.getTime() + invitationMinutes * 60_000);
    const id = await changing(db, (tx, touch) =>
      insertInvitation(tx, touch, viewer ? actorOf(viewer) : { kind: 'system', name: 'setup' }, {
        name,
        labels,
        serverUrl,
        proxyUrl: proxyUrl ?? null,
        image: image ?? null,
        codeHash: hashOfCode(code),
        askerId: viewer?.person.id ?? null,
        expiresAt,
      }),
    );
    const manifestUrl = `${config.portalUrl}/join/${code}.yaml`;
    return {
      id,
      manifestUrl,
      command: `kubectl apply -f ${manifestUrl}`,
      handCommand: `kubectl -n ${systemNamespace} logs job/${joinJobName(id)} --tail=1 | curl -fsS -H 'content-type: application/json' -H 'x-gatehouse-request: 1' --data-binary @- ${config.portalUrl}/api/v1/join`,
      expiresAt,
    };
  },
});

export const joinCluster = operation({
  id: 'clusters.join',
  method: 'POST',
  path: '/join',
  summary: 'What a joining cluster’s Job delivers, sealed; the one-time code is inside',
  allow: 'anyone',
  input: joinInput,
  output: joinedOutput,
  async run({ ask }, _viewer, input) {
    return workerAnswer.parse(await ask('cluster.accept', input, undefined, { timeoutMs: workerTimeoutMs }));
  },
});

export const updateClusterOperation = operation({
  id: 'clusters.update',
  method: 'PATCH',
  path: '/clusters/{id}',
  summary: 'Change title, labels or strictness of a cluster',
  allow: 'admin',
  input: updateInput,
  output: doneOutput,
  async run({ db }, viewer, { id, title, labels, strict }) {
    await changing(db, (tx, touch) =>
      updateCluster(tx, touch, actorOf(viewer), id, {
        ...(title === undefined ? {} : { title: title || null }),
        ...(labels === undefined ? {} : { labels }),
        ...(strict === undefined ? {} : { strict }),
      }),
    );
    return { done: true as const };
  },
});

export const removeCluster = operation({
  id: 'clusters.remove',
  method: 'DELETE',
  path: '/clusters/{id}',
  summary: 'Remove a cluster: access ends at once, then our objects are taken out of it',
  allow: 'admin',
  input: clusterRef,
  output: removedOutput,
  async run({ ask }, _viewer, { id }) {
    return removedOutput.parse(await ask('cluster.remove', { id }, undefined, { timeoutMs: workerTimeoutMs }));
  },
});

export const reconcileCluster = operation({
  id: 'clusters.reconcile',
  method: 'POST',
  path: '/clusters/{id}/reconcile',
  summary: 'Look at a cluster now, without waiting for a change',
  allow: 'admin',
  input: clusterRef,
  output: doneOutput,
  async run({ db }, _viewer, { id }) {
    const row = await readClusterRow(db, id);
    if (!row || row.state === 'removed') throw noSuchCluster();
    await changing(db, async (_tx, touch) => touch('cluster', id));
    return { done: true as const };
  },
});

export const testCluster = operation({
  id: 'clusters.self-test',
  method: 'POST',
  path: '/clusters/{id}/self-test',
  summary: 'Prove now what our accounts may do in a cluster, and that the rest is refused',
  allow: 'admin',
  input: clusterRef,
  output: selfTestOutput,
  async run({ ask }, _viewer, { id }) {
    return selfTestOutput.parse(await ask('cluster.self-test', { id }, undefined, { timeoutMs: workerTimeoutMs }));
  },
});

export const operations = [
  registerCluster,
  repairCluster,
  reachCluster,
  approveRebuiltCluster,
  inviteCluster,
  joinCluster,
  updateClusterOperation,
  removeCluster,
  reconcileCluster,
  testCluster,
];
