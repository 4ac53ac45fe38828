/**
 * kubectl cannot tell the door from the API server: every command below runs twice, straight to the cluster as the impersonated person and
 * through the door as that person, and must end with the same code and print the same. What differs on purpose is asserted apart, at the end.
 */
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import type { DemoCluster } from '#e2e/scene/contract.ts';
import { freePort } from '#e2e/stack/ports.ts';
import { type Guest, welcomeGuest } from '#e2e/test/clients/guest.ts';
import {
  argumentsOf,
  type Command,
  fill,
  type Identity,
  identityThroughTheDoor,
  sameOnBoth,
  type Way,
  waysTo,
} from '#e2e/test/clients/parity.ts';
import { clear, furnish } from '#e2e/test/clients/world.ts';
import { readContract } from '#e2e/test/contract-file.ts';
import type { OpenCommand } from '#e2e/test/kubectl.ts';

// Two hundred commands, each twice: a slow machine takes its time, and nothing here is about speed.
test.describe.configure({ timeout: 300_000 });

const contract = readContract();
const [east] = contract.clusters as [DemoCluster];
const spdy = { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: 'false', KUBECTL_PORT_FORWARD_WEBSOCKETS: 'false' };
const protocols = [
  ['WebSocket', {}],
  ['SPDY', spdy],
] as const;

let guest: Guest;
let who: Identity;
/** A developer in two namespaces of her own. */
let ways: readonly [Way, Way];
/** carol, who may do everything. */
let admins: readonly [Way, Way];
let desk: string;

test.beforeAll(async () => {
  const run = `k${Date.now().toString(36)}`;
  const carol = contract.kubeconfigs.carol ?? '';
  admins = waysTo(contract, east, carol, await identityThroughTheDoor(contract, carol, east), run);
  await furnish(
    contract,
    east,
    admins.map(({ ns }) => ns),
  );
  guest = await welcomeGuest(contract, `pia-${run}`);
  await guest.grant(
    'developer',
    admins.map(({ ns }) => ns),
    east.id,
  );
  await guest.entered([east]);
  who = await identityThroughTheDoor(contract, guest.kubeconfig, east);
  ways = waysTo(contract, east, guest.kubeconfig, who, run);
  desk = await mkdtemp(join(tmpdir(), 'gatehouse-clients-'));
});
test.afterAll(async () => {
  await guest?.leaves();
  if (admins)
    await clear(
      contract,
      east,
      admins.map(({ ns }) => ns),
    );
  if (desk) await rm(desk, { recursive: true, force: true });
});

const same = (...commands: readonly Command[]) => sameOnBoth(ways, commands);
const object = (apiVersion: string, kind: string, name: string, rest: object = {}) =>
  JSON.stringify({ apiVersion, kind, metadata: { name, namespace: '$NS' }, ...rest });
const template = (image = 'busybox') => ({
  metadata: { labels: { app: 'web' } },
  spec: { terminationGracePeriodSeconds: 1, containers: [{ name: 'main', image, command: ['sleep', '3600'] }] },
});
const deployment = (replicas: number, image?: string) =>
  object('apps/v1', 'Deployment', 'web', { spec: { replicas, selector: { matchLabels: { app: 'web' } }, template: template(image) } });

test('who one is, what one may, and what the cluster offers', async () => {
  expect(who.username).toBe(`gatehouse:${guest.login}@corp.example`);
  await same(
    { run: 'auth whoami' },
    { run: 'auth whoami -o yaml' },
    { run: 'auth can-i create deployments -n $NS', says: /^yes/ },
    { run: 'auth can-i get pods --subresource=exec -n $NS', says: /^yes/ },
    { run: 'auth can-i delete nodes', code: 1, says: /no/ },
    { run: 'auth can-i * *', code: 1, says: /no/ },
    { run: 'auth can-i --list -n $NS', unordered: true, says: /pods\/exec/ },
    { run: 'api-resources', says: /deployments/ },
    { run: 'api-resources --namespaced=false --verbs=list -o name', says: /nodes/ },
    { run: 'api-versions', says: /apps\/v1/ },
    { run: 'explain pod.spec.containers', says: /terminationMessagePath/ },
    { run: 'explain deployment --recursive', says: /replicas/ },
    { run: 'explain ingresses --output=plaintext-openapiv2', says: /networking.k8s.io/ },
    { run: 'version', says: /Server Version/ },
    { run: 'version -o json', says: /serverVersion/ },
    { run: 'cluster-info', code: 1, says: /Forbidden|forbidden/ },
    { run: 'get --raw /version', says: /gitVersion/ },
    { run: 'get --raw /api', says: /APIVersions/ },
    { run: 'get --raw /apis', says: /APIGroupList/ },
    { run: 'get --raw /openapi/v2', says: /swagger/ },
    { run: 'get --raw /openapi/v3', says: /apps\/v1/ },
    { run: 'get --raw /openapi/v3/apis/apps/v1', says: /Deployment/ },
    { run: 'get --raw /readyz', says: /ok/ },
    { run: 'get --raw /metrics', code: 1, says: /forbidden/i },
    { run: 'get --raw /nothing/here', code: 1, says: /forbidden/i },
  );
});

test('get, in every form of output', async () => {
  await same(
    { run: 'get pods -n $ONE', says: /probe\s+2\/2\s+Running/ },
    { run: 'get pods -n $ONE -o wide', says: /east-node/ },
    { run: 'get pod probe -n $ONE -o json', says: /"kind": "Pod"/ },
    { run: 'get pod probe -n $ONE -o yaml', says: /kind: Pod/ },
    { run: 'get pod probe -n $ONE -o yaml --show-managed-fields', says: /managedFields/ },
    { run: 'get pods -n $ONE -o name', says: /pod\/probe/ },
    { run: 'get pods -n $ONE -o jsonpath={.items[*].spec.containers[*].name}', says: /main side/ },
    { run: 'get pods -n $ONE -o custom-columns=NAME:.metadata.name,NODE:.spec.nodeName', says: /probe +east-node/ },
    { run: ['get', 'pods', '-n', '$ONE', '-o', 'go-template={{range .items}}{{.metadata.name}} {{end}}'], says: /probe/ },
    { run: 'get pods -n $ONE --server-print=false', says: /probe/ },
    { run: 'get pods -n $ONE --show-labels', says: /app=probe/ },
    { run: 'get pods -n $ONE -l app=probe,app!=web', says: /probe/ },
    { run: 'get pods -n $ONE -l app=none', says: /No resources found/ },
    { run: 'get pods -n $ONE --field-selector=status.phase=Running --sort-by=.metadata.name', says: /probe/ },
    { run: 'get pods,configmaps,quota -n $ONE', says: /kube-root-ca.crt/ },
    { run: 'get all -n $ONE', says: /pod\/probe/ },
    { run: 'get configmaps,serviceaccounts -n $ONE --chunk-size=1', says: /kube-root-ca.crt/ },
    { run: 'get --raw /api/v1/namespaces/$ONE/pods/probe', says: /"probe"/ },
    { run: 'get namespace $ONE', says: /Active/ },
    { run: 'get pod probe -n $ONE --subresource=status -o yaml', says: /Running/ },
    { run: 'describe pod probe -n $ONE', says: /Container ID/ },
    { run: 'describe quota few -n $ONE', says: /cronjobs/ },
    { run: 'describe namespace $ONE', says: /Resource Quotas/ },
    { run: 'top pods -n $ONE', code: 1, says: /Metrics API not available/ },
    { run: 'get pod nobody -n $ONE', code: 1, says: /NotFound/ },
    { run: 'get pod nobody -n $ONE --ignore-not-found' },
    { run: 'describe pod nobody -n $ONE', code: 1, says: /NotFound/ },
    { run: 'get unicorns -n $ONE', code: 1, says: /doesn't have a resource type/ },
    { run: 'get pods -n $ONE -l app=(', code: 1, says: /unable to parse|BadRequest/ },
    { run: 'get pods -n $ONE --field-selector=spec.nothing=1', code: 1, says: /BadRequest|not supported/ },
  );
});

test('what one may not do is refused in the cluster’s own words', async () => {
  const forbidden = { code: 1, says: /forbidden/i };
  await same(
    { run: 'get pods -A', ...forbidden },
    { run: 'get pods -n kube-system', ...forbidden },
    { run: 'get nodes', ...forbidden },
    { run: 'describe node east-node', ...forbidden },
    { run: 'create namespace more-$X', ...forbidden },
    { run: 'delete namespace $NS', ...forbidden, changes: true },
    { run: 'label namespace $NS a=b', ...forbidden },
    { run: 'drain east-node --ignore-daemonsets', ...forbidden },
    { run: 'cordon east-node', ...forbidden },
    { run: 'taint node east-node a=b:NoSchedule', ...forbidden },
    { run: 'certificate approve somebody', ...forbidden },
    { run: 'create role reader --verb=get --resource=pods -n $NS', ...forbidden },
    { run: 'create clusterrolebinding mine --clusterrole=cluster-admin --user=me', ...forbidden },
    { run: 'create quota more --hard=pods=100 -n $NS', ...forbidden },
    { run: 'create serviceaccount robot -n $NS', ...forbidden },
    { run: 'create token default -n $NS', ...forbidden },
    { run: 'exec -n kube-system etcd -- sh', ...forbidden },
    { run: 'logs -n kube-system etcd', ...forbidden },
    { run: 'delete pods --all -n default', ...forbidden, changes: true },
    { run: 'apply -f -', input: object('v1', 'ServiceAccount', 'robot'), ...forbidden },
    { run: 'apply --server-side -f -', input: object('v1', 'ServiceAccount', 'robot'), ...forbidden },
    { run: 'cluster-info dump', ...forbidden },
    { run: 'top nodes', code: 1, says: /Metrics API not available/ },
  );
});

test('create, apply, replace, patch, edit, label and delete', async () => {
  const map = (data: object, metadata: object = {}) =>
    JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'made', namespace: '$NS', ...metadata }, data });
  const editor = join(desk, 'editor');
  await writeFile(editor, '#!/bin/sh\nsed -e "s/colour: green/colour: amber/" "$1" > "$1.new" && mv "$1.new" "$1"\n');
  await chmod(editor, 0o755);
  const kustomization = join(desk, 'kustomization');
  await mkdir(kustomization, { recursive: true });
  await writeFile(
    join(kustomization, 'kustomization.yaml'),
    'configMapGenerator:\n- name: generated\n  literals: [a=b]\ngeneratorOptions:\n  disableNameSuffixHash: true\nlabels:\n- pairs: {from: kustomize}\n',
  );
  const changes = true;
  await same(
    { run: 'create configmap first --from-literal=colour=blue -n $NS', says: /created/, changes },
    { run: 'create configmap first --from-literal=colour=blue -n $NS', code: 1, says: /already exists/, changes },
    { run: 'create configmap other --from-literal=a=b --dry-run=client -o yaml -n $NS', says: /kind: ConfigMap/ },
    { run: 'create configmap other --from-literal=a=b --dry-run=server -o yaml -n $NS', says: /uid/ },
    { run: 'create secret generic word --from-literal=word=open -n $NS', says: /created/, changes },
    { run: 'get secret word -n $NS -o jsonpath={.data.word}', says: /b3Blbg==/ },
    { run: 'create -f -', input: object('v1', 'ConfigMap', 'wide', { data: { all: 'x'.repeat(400_000) } }), says: /created/, changes },
    { run: 'get configmap wide -n $NS -o json', says: /x{400000}/ },
    {
      run: 'create -f -',
      input: object('v1', 'ConfigMap', 'too-wide', { data: { all: 'x'.repeat(3_200_000) } }),
      code: 1,
      says: /.../,
      changes,
    },
    { run: 'apply -f -', input: map({ colour: 'red' }), says: /created/, changes },
    { run: 'apply -f -', input: map({ colour: 'red' }), says: /unchanged/, changes },
    { run: 'apply -f -', input: map({ colour: 'green' }), says: /configured/, changes },
    { run: 'apply --dry-run=server -f -', input: map({ colour: 'grey' }), says: /server dry run/ },
    { run: 'diff -f -', input: map({ colour: 'grey' }), code: 1, says: /\+ +colour: grey/ },
    { run: 'diff -f -', input: map({ colour: 'green' }) },
    { run: 'apply view-last-applied configmap/made -n $NS', says: /green/ },
    { run: 'edit configmap made -n $NS', env: { EDITOR: editor }, says: /edited/, changes },
    { run: 'get configmap made -n $NS -o jsonpath={.data}', says: /amber/ },
    {
      run: 'apply --server-side --field-manager=one -f -',
      input: map({ size: '1' }, { name: 'shared' }),
      says: /serverside-applied/,
      changes,
    },
    {
      run: 'apply --server-side --field-manager=two -f -',
      input: map({ size: '2' }, { name: 'shared' }),
      code: 1,
      says: /conflict/,
      changes,
    },
    { run: 'diff --server-side --force-conflicts -f -', input: map({ size: '2' }, { name: 'shared' }), code: 1, says: /\+ +size: "2"/ },
    {
      run: 'apply --server-side --force-conflicts --field-manager=two -f -',
      input: map({ size: '2' }, { name: 'shared' }),
      says: /serverside-applied/,
      changes,
    },
    { run: 'get configmap shared -n $NS -o yaml --show-managed-fields', says: /manager: two/ },
    { run: ['apply', '-k', kustomization, '-n', '$NS'], says: /generated created/, changes },
    { run: 'replace -f -', input: map({ colour: 'white' }), says: /replaced/, changes },
    { run: 'replace -f -', input: map({ colour: 'old' }, { resourceVersion: '1' }), code: 1, says: /Conflict/, changes },
    { run: 'replace -f -', input: map({}, { name: 'nowhere' }), code: 1, says: /NotFound/, changes },
    { run: 'replace --force -f -', input: map({ colour: 'new' }), says: /replaced/, changes },
    { run: ['patch', 'configmap', 'made', '-n', '$NS', '-p', '{"data":{"a":"1"}}'], says: /patched/, changes },
    { run: ['patch', 'configmap', 'made', '-n', '$NS', '--type=merge', '-p', '{"data":{"b":"2"}}'], says: /patched/, changes },
    { run: ['patch', 'configmap', 'made', '-n', '$NS', '--type=json', '-p', '[{"op":"add","path":"/data/c","value":"3"}]'], changes },
    { run: ['patch', 'configmap', 'made', '-n', '$NS', '--type=json', '-p', '[{"op":"remove","path":"/data/z"}]'], code: 1, changes },
    { run: ['patch', 'configmap', 'made', '-n', '$NS', '-p', '{"data":{"a":"1"}}'], says: /no change/, changes },
    { run: 'get configmap made -n $NS -o jsonpath={.data}', says: /"c":"3"/ },
    { run: 'label configmap made tier=front -n $NS', says: /labeled/, changes },
    { run: 'label configmap made tier=back -n $NS', code: 1, says: /already has a value/, changes },
    { run: 'label configmap made tier=back --overwrite -n $NS', says: /labeled/, changes },
    { run: 'annotate configmap made note=read -n $NS', says: /annotated/, changes },
    { run: 'annotate configmap made note- -n $NS', says: /annotated/, changes },
    { run: 'create --raw /api/v1/namespaces/$NS/configmaps -f -', input: object('v1', 'ConfigMap', 'raw'), says: /"raw"/, changes },
    { run: 'replace --raw /api/v1/namespaces/$NS/configmaps/raw -f -', input: object('v1', 'ConfigMap', 'raw'), says: /"raw"/, changes },
    { run: 'delete --raw /api/v1/namespaces/$NS/configmaps/raw', says: /Success/, changes },
    { run: 'create -f -', input: '{"apiVersion":"v1","kind":"ConfigMap"', code: 1, changes },
    { run: 'create -f -', input: object('v1', 'ConfigMap', 'Not_A_Name'), code: 1, says: /Invalid/, changes },
    { run: 'create -f -', input: object('v1', 'Pod', 'empty', { spec: { containers: [] } }), code: 1, says: /Required value/, changes },
    { run: 'create -f -', input: object('v1', 'Pod', 'odd', { spec: { wheels: 4 } }), code: 1, says: /unknown field/, changes },
    { run: 'create -f -', input: object('zoo.example/v1', 'Lion', 'leo'), code: 1, says: /no matches for kind/, changes },
    { run: ['create', 'cronjob', 'nightly', '--image=busybox', '--schedule=0 3 * * *', '-n', '$NS'], says: /created/, changes },
    {
      run: ['create', 'cronjob', 'weekly', '--image=busybox', '--schedule=0 3 * * 0', '-n', '$NS'],
      code: 1,
      says: /exceeded quota/,
      changes,
    },
    { run: 'create ingress door --rule=shop.example/*=web:80 -n $NS', says: /created/, changes },
    { run: 'create poddisruptionbudget calm --selector=app=web --min-available=1 -n $NS', says: /created/, changes },
    { run: 'get cronjobs,ingresses,pdb -n $NS', says: /nightly/ },
    { run: 'wait configmap/made --for=jsonpath={.data.a}=1 --timeout=10s -n $NS', says: /condition met/ },
    { run: 'wait configmap/made --for=jsonpath={.data.a}=9 --timeout=1s -n $NS', code: 1, says: /timed out/ },
    { run: 'delete configmap made -n $NS', says: /deleted/, changes },
    { run: 'delete configmap made -n $NS', code: 1, says: /NotFound/, changes },
    { run: 'delete configmap made -n $NS --ignore-not-found', changes },
    { run: 'delete -f -', input: map({}, { name: 'shared' }), says: /deleted/, changes },
    { run: 'delete configmaps -l from=kustomize -n $NS', says: /generated/, changes },
    { run: 'delete cronjob,ingress,pdb --all -n $NS', says: /nightly/, changes },
    { run: 'delete secret word --dry-run=server -n $NS', says: /server dry run/ },
    { run: 'delete secrets --all -n $NS', says: /word/, changes },
    { run: 'wait configmap/wide --for=delete --timeout=1s -n $NS', code: 1, says: /timed out/ },
    { run: 'delete configmaps first wide -n $NS --wait --cascade=foreground', says: /deleted/, changes },
  );
});

test('deployments, from apply to rollback, and what belongs to them', async () => {
  const changes = true;
  const rolledOut = { run: 'rollout status deployment/web -n $NS --timeout=60s', says: /successfully rolled out/, also: lastLine } as const;
  await same(
    { run: 'apply -f -', input: deployment(1), says: /created/, changes },
    rolledOut,
    { run: 'get deployments,replicasets -n $NS -o wide', says: /web/ },
    { run: 'get deployment web -n $NS -o yaml', says: /observedGeneration: 1/ },
    { run: 'scale deployment/web --replicas=2 -n $NS', says: /scaled/, changes },
    { run: 'scale deployment/web --replicas=3 --current-replicas=7 -n $NS', code: 1, says: /Expected replicas/, changes },
    rolledOut,
    { run: 'get deployment web --subresource=scale -n $NS', says: /web/ },
    { run: ['patch', 'deployment', 'web', '-n', '$NS', '--subresource=scale', '--type=merge', '-p', '{"spec":{"replicas":1}}'], changes },
    { run: 'set image deployment/web main=busybox:2 -n $NS', says: /image updated/, changes },
    rolledOut,
    { run: 'set env deployment/web COLOUR=blue -n $NS', says: /env updated/, changes },
    { run: 'set env deployment/web --list -n $NS', says: /COLOUR=blue/ },
    { run: 'set resources deployment/web --requests=cpu=10m -n $NS', says: /resource requirements updated/, changes },
    rolledOut,
    { run: 'rollout history deployment/web -n $NS', says: /REVISION/ },
    { run: 'rollout history deployment/web --revision=2 -n $NS', says: /busybox:2/ },
    { run: 'rollout undo deployment/web --to-revision=1 -n $NS', says: /rolled back/, changes },
    rolledOut,
    { run: 'rollout pause deployment/web -n $NS', says: /paused/, changes },
    { run: 'rollout resume deployment/web -n $NS', says: /resumed/, changes },
    { run: 'rollout restart deployment/web -n $NS', says: /restarted/, changes },
    rolledOut,
    { run: 'autoscale deployment/web --min=1 --max=2 --cpu=80% -n $NS', says: /autoscaled/, changes },
    { run: 'expose deployment/web --port=80 --target-port=8080 -n $NS', says: /exposed/, changes },
    { run: 'get service web -n $NS -o wide', says: /app=web/ },
    { run: 'get endpointslices -l kubernetes.io/service-name=web -n $NS -o custom-columns=PORTS:.ports', says: /8080/ },
    { run: 'wait deployment/web --for=condition=Available --timeout=30s -n $NS', says: /condition met/ },
    { run: 'get pods -l app=web -n $NS -o custom-columns=IMAGE:.spec.containers[0].image,PHASE:.status.phase', says: /Running/ },
    { run: 'create job once --image=busybox -n $NS -- echo done', says: /created/, changes },
    { run: 'wait job/once --for=condition=Complete --timeout=30s -n $NS', says: /condition met/ },
    { run: 'logs job/once -n $NS', says: /done/ },
    {
      run: ['events', '-n', '$NS', '--for=deployment/web', '-o', 'jsonpath={range .items[*]}{.reason}{"\\n"}{end}'],
      says: /ScalingReplicaSet/,
      also: distinctLines,
    },
    { run: 'get events -n $NS --field-selector=involvedObject.name=once -o custom-columns=R:.reason', says: /Completed/, unordered: true },
    { run: 'delete hpa,service,job -n $NS web once', code: 1, says: /deleted/, changes, unordered: true },
    { run: 'delete deployment web -n $NS --cascade=foreground --wait --timeout=60s', says: /deleted/, changes },
    { run: 'get deployments,replicasets -n $NS', says: /No resources found/ },
  );
});

/** How often the controllers had news to tell on the way is their affair. */
const lastLine = (text: string) => text.trim().split('\n').at(-1) ?? '';
const distinctLines = (text: string) => [...new Set(text.split('\n'))].toSorted().join('\n');

test('pods: run, wait, logs, debug, delete', async () => {
  const changes = true;
  await same(
    { run: 'run short --image=busybox --restart=Never -n $NS -- echo short', says: /created/, changes },
    { run: 'wait pod/short --for=jsonpath={.status.phase}=Succeeded --timeout=30s -n $NS', says: /condition met/ },
    { run: 'logs short -n $NS', says: /^short$/m },
    { run: 'logs -f short -n $NS', says: /^short$/m },
    { run: 'logs probe -c main -n $NS', says: /line 1\nline 2\nline 3/ },
    { run: 'logs probe -c main --tail=1 -n $NS', says: /^line 3$/m },
    { run: 'logs probe -c main --since=24h --timestamps -n $NS', says: /line 3/ },
    { run: 'logs probe -c main --limit-bytes=6 -n $NS', says: /^line 1$/m },
    { run: 'logs probe --all-containers --prefix -n $NS', says: /from the side/, unordered: true },
    { run: 'logs -l app=probe --all-containers -n $NS', says: /from the side/, unordered: true },
    { run: 'logs probe -n $NS', says: /Defaulted container/ },
    { run: 'logs probe -c main --previous -n $NS', code: 1, says: /no log to show/ },
    { run: 'logs probe -c none -n $NS', code: 1, says: /not valid|not found/ },
    { run: 'logs nobody -n $NS', code: 1, says: /NotFound/ },
    { run: 'logs short --since-time=yesterday -n $NS', code: 1 },
    { run: 'debug probe --image=busybox -c looker --attach=false -n $NS -- sleep 1', changes },
    { run: 'get pod probe -n $NS -o jsonpath={.spec.ephemeralContainers[*].name}', says: /looker/ },
    { run: 'run long --image=busybox --restart=Never -n $NS --dry-run=server -o yaml -- sleep 100', says: /kind: Pod/ },
    { run: 'run long --image=busybox --restart=Never -n $NS -- sleep 100', says: /created/, changes },
    { run: 'wait pod/long --for=condition=Ready --timeout=30s -n $NS', says: /condition met/ },
    { run: 'delete pod long --force --grace-period=0 -n $NS', says: /Immediate deletion/, changes },
    { run: 'wait pod/long --for=delete --timeout=30s -n $NS' },
    { run: 'delete pod short -n $NS --wait --timeout=30s', says: /deleted/, changes },
  );
});

for (const [protocol, env] of protocols) {
  test(`exec over ${protocol}: output, input, exit code and every error`, async () => {
    await same(
      { run: ['exec', 'probe', '-c', 'main', '-n', '$NS', '--', 'sh', '-c', 'echo out; echo problem >&2; exit 7'], env, code: 7 },
      { run: 'exec -i probe -c main -n $NS -- cat', env, input: 'a\nb\n', says: /a\nb\n/ },
      { run: 'exec -i probe -c main -n $NS -- md5sum', env, input: 'x'.repeat(2_000_000), says: /^[0-9a-f]{32}/ },
      { run: 'exec -i probe -c main -n $NS -- true', env },
      {
        run: ['exec', 'probe', '-c', 'main', '-n', '$NS', '--', 'sh', '-c', 'i=0; while [ $i -lt 3000 ]; do i=$((i+1)); echo $i; done'],
        env,
      },
      { run: 'exec probe -c side -n $NS -- pwd', env, says: /^\/$/m },
      { run: 'exec probe -n $NS -- echo default', env, says: /Defaulted container/ },
      { run: 'exec probe -c none -n $NS -- true', env, code: 1, says: /not found|not valid/ },
      { run: 'exec nobody -n $NS -- true', env, code: 1, says: /NotFound/ },
      { run: 'exec -it probe -c main -n $NS -- echo plain', env, says: /plain/ },
      { run: 'exec probe -c main -n $NS -- no-such-program', env, code: 127, says: /no-such-program|127/ },
    );
  });

  test(`attach and cp over ${protocol}`, async () => {
    const name = protocol.toLowerCase();
    const there = join(desk, `${name} wîth späces`);
    await mkdir(join(there, 'in side'), { recursive: true });
    const bytes = randomBytes(2_000_000);
    await writeFile(join(there, 'in side', 'ünï (1).bin'), bytes);
    const reader = { spec: { restartPolicy: 'Never', terminationGracePeriodSeconds: 1, containers: [readerContainer] } };
    const back = (way: Way) => join(desk, `${name}-${way.name}`);
    const changes = true;
    await same(
      { run: 'create -f -', input: object('v1', 'Pod', 'reader', reader), changes },
      { run: 'wait pod/reader --for=condition=Ready --timeout=30s -n $NS', says: /condition met/ },
      { run: 'attach -i reader -n $NS', env, input: 'one line\n', says: /heard one line/, changes },
      { run: 'attach nobody -n $NS', env, code: 1, says: /NotFound/ },
      { run: 'delete pod reader -n $NS --wait', changes },
      { run: ['cp', there, '$NS/probe:/tmp/there', '-c', 'main'], env, changes },
      {
        run: ['exec', 'probe', '-c', 'main', '-n', '$NS', '--', 'sh', '-c', 'cd /tmp/there && find . -type f | xargs -0 echo'],
        says: /ünï/,
      },
      { run: ['cp', join(desk, 'nothing here'), '$NS/probe:/tmp/x', '-c', 'main'], env, code: 1, says: /doesn't exist/ },
      { run: ['cp', '$NS/probe:/tmp/there', join(desk, 'nothing'), '-c', 'none'], env, code: 1, says: /not found|not valid/ },
    );
    for (const way of ways) {
      const { code } = await way.kubectl(env).run(...argumentsOf(way, ['cp', '$NS/probe:/tmp/there', back(way), '-c', 'main']));
      expect(code).toBe(0);
      expect((await readFile(join(back(way), 'in side', 'ünï (1).bin'))).equals(bytes)).toBe(true);
    }
    await same({ run: 'exec probe -c main -n $NS -- rm -r /tmp/there', changes });
  });

  test(`port-forward over ${protocol}: real HTTP, one connection after the other and several at once`, async () => {
    const answers = await onBoth(async (way) => {
      const port = await freePort();
      const forward = way.kubectl(env).open(...argumentsOf(way, `port-forward -n $NS pod/probe ${port}:8080 --address=127.0.0.1`));
      await forward.shows('Forwarding from');
      const page = async (path: string) => {
        const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection: 'close' } });
        return `${response.status} ${await response.text()}`;
      };
      const seen = [await page('/'), ...(await Promise.all([page('/'), page('/'), page('/')]))];
      await stopped(forward);
      return seen;
    });
    expect(answers[1]).toEqual(answers[0]);
    expect(answers[0]).toEqual(Array(4).fill('200 hello from the pod\n'));
    await same({ run: 'port-forward -n $NS pod/nobody 1:1', env, code: 1, says: /NotFound/ });
  });
}

const readerContainer = {
  name: 'main',
  image: 'busybox',
  stdin: true,
  stdinOnce: true,
  command: ['sh', '-c', 'read line; echo "heard $line"; sleep 1'],
};

async function onBoth<T>(of: (way: Way) => Promise<T>): Promise<[T, T]> {
  const [direct, behind] = ways;
  return Promise.all([of(direct), of(behind)]);
}

async function stopped(command: OpenCommand): Promise<void> {
  command.stop();
  await command.ended;
}

test('a watch shows the same events in the same order', async () => {
  const shown = await onBoth(async (way) => {
    const command = (run: string, input = '') => way.kubectl().withInput(fill(way, input), ...argumentsOf(way, run));
    const watch = way.kubectl().open(...argumentsOf(way, 'get configmaps -n $NS -w --output-watch-events'));
    await watch.shows('kube-root-ca.crt');
    await command('create configmap told --from-literal=n=1 -n $NS');
    await watch.shows(/ADDED +told/);
    await command('apply -f -', object('v1', 'ConfigMap', 'told', { data: { n: '2' } }));
    await watch.shows(/MODIFIED +told/);
    await command('delete configmap told -n $NS');
    await watch.shows(/DELETED +told/);
    await stopped(watch);
    // Without the ages, and without what the controllers put there meanwhile.
    return watch.output().match(/[A-Z]+ +told +\d+/g);
  });
  expect(shown[1]).toEqual(shown[0]);
  expect(shown[0]).toHaveLength(3);
  const path = '/api/v1/namespaces/$NS/configmaps?watch=1&timeoutSeconds=1&sendInitialEvents=true&allowWatchBookmarks=true';
  await same({ run: ['get', '--raw', `${path}&resourceVersionMatch=NotOlderThan`], says: /"k8s.io\/initial-events-end":"true"/ });
});

/** A cluster behind the door has a path in its address: kubectl proxy wants to be told to use it, and warns who forgets. */
test('kubectl proxy answers, streams and watches', async () => {
  const answers = await onBoth(async (way) => {
    const port = await freePort();
    const proxy = way.kubectl().open(...argumentsOf(way, `proxy --port=${port} --append-server-path`));
    await proxy.shows('Starting to serve');
    const url = (path: string) => `http://127.0.0.1:${port}${fill(way, path)}`;
    const list = (await (await fetch(url('/api/v1/namespaces/$NS/pods'))).json()) as {
      kind: string;
      items: { metadata: { name: string } }[];
    };
    const missing = await fetch(url('/api/v1/namespaces/$NS/pods/nobody'));
    const watch = await fetch(url('/api/v1/namespaces/$NS/configmaps?watch=1&timeoutSeconds=1'));
    const events = (await watch.text()).trim().split('\n').length;
    const logs = await (await fetch(url('/api/v1/namespaces/$NS/pods/probe/log?container=main'))).text();
    const refused = await fetch(url('/api/v1/nodes'));
    await stopped(proxy);
    return {
      kind: list.kind,
      names: list.items.map(({ metadata }) => metadata.name),
      missing: missing.status,
      events,
      logs,
      refused: refused.status,
    };
  });
  expect(answers[1]).toEqual(answers[0]);
  expect(answers[0]).toMatchObject({ kind: 'PodList', missing: 404, refused: 403, logs: 'line 1\nline 2\nline 3\n' });
});

test('a platform admin: nodes, namespaces, roles, certificates, and kinds of one’s own', async () => {
  const changes = true;
  const group = (way: string) => `${way}.zoo.example`;
  const lion = (rest: object = {}) =>
    JSON.stringify({
      apiVersion: `${group('$X')}/v1`,
      kind: 'Lion',
      metadata: { name: 'leo', namespace: '$NS' },
      spec: { teeth: 30, ...rest },
    });
  await sameOnBoth(admins, [
    { run: 'auth whoami' },
    { run: 'auth can-i delete nodes', says: /yes/ },
    { run: 'cluster-info', says: /control plane/ },
    { run: 'get nodes', says: /east-node/ },
    { run: 'get nodes -o wide', says: /test kubelet/ },
    { run: 'describe node east-node', says: /Allocatable/ },
    { run: 'get namespaces', says: /kube-system/ },
    { run: 'get namespaces -o name --chunk-size=2', says: /kube-system/ },
    { run: 'get pods -A', says: /ledger/ },
    { run: 'get pods -A -o json --field-selector=metadata.name=ledger', says: /"ledger"/ },
    { run: 'get clusterroles', says: /cluster-admin/ },
    { run: 'describe clusterrole view', says: /PolicyRule/ },
    { run: 'get storageclasses', says: /No resources found/ },
    { run: 'get apiservices', says: /v1.apps/ },
    { run: ['get', '--raw', '/readyz?verbose'], says: /readyz check passed/ },
    { run: 'create namespace extra-$X', says: /created/, changes },
    { run: 'label namespace extra-$X team=blue', says: /labeled/, changes },
    { run: 'get namespaces -l team=blue -o custom-columns=L:.metadata.labels.team', says: /blue/, also: distinctLines },
    { run: 'delete namespace extra-$X --wait --timeout=60s', says: /deleted/, changes },
    { run: 'create clusterrole reader-$X --verb=get,list --resource=pods', says: /created/, changes },
    { run: 'describe clusterrole reader-$X', says: /pods/ },
    { run: 'create clusterrolebinding reader-$X --clusterrole=reader-$X --user=somebody', says: /created/, changes },
    { run: 'auth can-i create clusterroles', says: /yes/ },
    { run: 'create role guard --verb=get --resource=secrets -n $NS', says: /created/, changes },
    { run: 'create serviceaccount robot -n $NS', says: /created/, changes },
    { run: 'delete clusterrolebinding,clusterrole reader-$X', says: /deleted/, changes },
    { run: 'apply -f -', input: kindOfOnesOwn(group('$X')), says: /created/, changes },
    { run: `wait crd/lions.${group('$X')} --for=condition=Established --timeout=30s`, says: /condition met/ },
    { run: `api-resources --api-group=${group('$X')}`, says: /lions/ },
    { run: `explain lions.spec --api-version=${group('$X')}/v1`, says: /teeth/ },
    { run: 'apply -f -', input: lion(), says: /created/, changes },
    { run: 'apply -f -', input: lion({ teeth: 'many' }), code: 1, says: /Invalid value/, changes },
    { run: `get lions.${group('$X')} -n $NS`, says: /TEETH/ },
    { run: [`patch`, `lion.${group('$X')}`, 'leo', '-n', '$NS', '--type=merge', '-p', '{"spec":{"teeth":29}}'], says: /patched/, changes },
    { run: `get lion.${group('$X')} leo -n $NS -o yaml`, says: /teeth: 29/ },
    { run: `delete lion.${group('$X')} leo -n $NS`, says: /deleted/, changes },
    { run: `delete crd lions.${group('$X')}`, says: /deleted/, changes },
    { run: 'apply -f -', input: signingRequest, says: /created/, changes },
    { run: 'certificate deny pia-$X', says: /denied/, changes },
    { run: 'get csr pia-$X', says: /Denied/ },
    { run: 'delete csr pia-$X', says: /deleted/, changes },
    { run: 'drain east-node --ignore-daemonsets --force --dry-run=client --pod-selector=app=probe', says: /drained|cordoned/ },
    { run: 'taint node east-node a=b:PreferNoSchedule --dry-run=server', says: /tainted/ },
    { run: 'top nodes', code: 1, says: /Metrics API not available/ },
  ]);
});

const kindOfOnesOwn = (group: string) =>
  JSON.stringify({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `lions.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { plural: 'lions', singular: 'lion', kind: 'Lion', listKind: 'LionList' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          additionalPrinterColumns: [{ name: 'Teeth', type: 'integer', jsonPath: '.spec.teeth' }],
          schema: {
            openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties: { teeth: { type: 'integer' } } } } },
          },
        },
      ],
    },
  });

const requestOfPia =
  'LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlISU1IQUNBUUF3RGpFTU1Bb0dBMVVFQXd3RGNHbGhNRmt3RXdZSEtvWkl6ajBDQVFZSUtvWkl6ajBEQVFjRApRZ0FFUHRzaEpnZmI4SWZkMWJyQS9ndjVUNmZkR1VoUU4yNCtrTXE2OW81ZVJjdk9QUHVEYkVGanBmTWU4Mm8vCjJKM0FRRi9TeDUwOWl6T0dJa0JDYmFxdGhhQUFNQW9HQ0NxR1NNNDlCQU1DQTBnQU1FVUNJUUNXOHRYNXIyY0EKcTFBNFVDNXNtd3ZJRlJPeGlkb291emlwaFlKL0RJK3RUZ0lnZHhYRDdleVBtcHM1aHMxck5HVGltald5Sm5WYwplUHAvQXdBdU15SzNNUGs9Ci0tLS0tRU5EIENFUlRJRklDQVRFIFJFUVVFU1QtLS0tLQo=';

/** Signed by nobody: the signer is not one that anything here serves. */
const signingRequest = JSON.stringify({
  apiVersion: 'certificates.k8s.io/v1',
  kind: 'CertificateSigningRequest',
  metadata: { name: 'pia-$X' },
  spec: { request: requestOfPia, signerName: 'zoo.example/keeper', usages: ['client auth'] },
});

test('what differs on purpose: a list of namespaces shows one’s own, and nobody acts as somebody else', async () => {
  const [direct, behind] = ways;
  const own = ways.map(({ ns }) => ns).toSorted();
  const listed = await behind.kubectl().run(...argumentsOf(behind, 'get namespaces -o name'));
  expect(listed.stdout.trim().split('\n')).toEqual(own.map((ns) => `namespace/${ns}`));
  expect((await direct.kubectl().run(...argumentsOf(direct, 'get namespaces'))).stderr).toContain('Forbidden');
  const everything = await behind.kubectl().run(...argumentsOf(behind, 'get namespaces -o json --chunk-size=1'));
  const items = (JSON.parse(everything.stdout) as { items: { metadata: { name: string } }[] }).items;
  expect(items.map(({ metadata }) => metadata.name)).toEqual(own);
  // Kubernetes is asked about RBAC, and RBAC says no; the door lists all the same.
  await same({ run: 'auth can-i list namespaces', code: 1, says: /no/ });

  const asOther = await behind.kubectl().run(...argumentsOf(behind, 'get pods -n $NS --as=system:admin'));
  expect([asOther.code, asOther.stdout]).toEqual([1, '']);
  expect(asOther.stderr).toContain('Acting as somebody else');
  // Of its first question, for what the cluster knows, kubectl shows plain text only.
  const emptyCache = await mkdtemp(join(tmpdir(), 'gatehouse-kubectl-'));
  const asFirst = await behind.kubectl().run(...argumentsOf(behind, 'get pods -n $NS --as=system:admin'), '--cache-dir', emptyCache);
  expect(asFirst.stderr).toContain('Acting as somebody else');
  await rm(emptyCache, { recursive: true, force: true });
});
