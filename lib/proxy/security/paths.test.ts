/** What was judged is what is sent: one reading of an address, written anew, and nothing that an API server might read otherwise (SECURITY 1c). */
import { describe, expect, test } from 'vitest';
import { alice, asked, raw, type Shape, shapes, stand, standBeforeTheDoor, statusIn, upstream } from '../testing/front.ts';
import { startScriptedUpstream } from '../testing/scripted-upstream.ts';
import { clusterId } from '../testing/stand.ts';

standBeforeTheDoor();

const shop = '/clusters/east/api/v1/namespaces/shop';
const app = `${shop}/services/web/proxy`;

describe.each(shapes)('%s', (shape) => {
  test.each([
    ['dots', '/clusters/east/../west/api'],
    ['a dot', '/clusters/east/./api'],
    ['encoded dots', '/clusters/east/%2e%2e/west/api'],
    ['half encoded dots', '/clusters/east/.%2e/west/api'],
    ['encoded dots in capitals', '/clusters/east/%2E%2E/west/api'],
    ['encoded slashes', '/clusters/east%2f..%2fwest/api'],
    ['an encoded slash in a segment', '/clusters/east/api%2fv1/namespaces'],
    ['dots with a parameter', '/clusters/east/..;/west/api'],
    ['dots with an encoded parameter', '/clusters/east/..%3b/west/api'],
    ['a parameter', '/clusters/east/api/v1;x=1/pods'],
    ['dots encoded twice', '/clusters/east/%252e%252e/west/api'],
    ['a slash encoded twice', '/clusters/east%252fapi'],
    ['backslashes', '/clusters/east\\..\\west/api'],
    ['encoded backslashes', '/clusters/east%5c..%5cwest/api'],
    ['two slashes', '/clusters/east//api'],
    ['two slashes first', '//clusters/east/api'],
    ['another host', '//evil.example/api'],
    ['two slashes last', '/clusters/east/api//'],
    ['NUL behind the name', '/clusters/east%00/api'],
    ['NUL in a segment', '/clusters/east/api/v1/%00pods'],
    ['an encoded line break', '/clusters/east/api/%0d%0aImpersonate-User:%20x'],
    ['an encoded delete', '/clusters/east/api/%7f'],
    ['overlong dots', '/clusters/east/%c0%ae%c0%ae/west/api'],
    ['an overlong slash', '/clusters/east%c0%af..%c0%afwest/api'],
    ['broken UTF-8', '/clusters/east/api/%ff'],
    ['a surrogate', '/clusters/east/api/%ed%a0%80'],
    ['half an escape', '/clusters/east/api/%4'],
    ['no escape', '/clusters/east/api/%zz'],
    ['a Unicode escape', '/clusters/east/api/%u002e'],
    ['capitals', '/clusters/EAST/api'],
    ['an encoded letter in the name', '/clusters/e%61st/api'],
    ['a trailing dot', '/clusters/east./api'],
    ['a port', '/clusters/east:443/api'],
    ['an at sign', '/clusters/east@west/api'],
    ['a fragment', '/clusters/east/api#/healthz'],
    ['a fragment in the query', '/clusters/east/api?x=1#/healthz'],
    ['bytes beyond ASCII', '/clusters/east/api/\u00e9'],
    ['absolute form', 'https://door/clusters/east/api'],
    ['absolute form to an address of the cloud', 'http://169.254.169.254/latest/meta-data/'],
    ['a scheme without a host', 'https:/clusters/east/api'],
    ['no slash', 'clusters/east/api'],
    ['an asterisk', '*'],
    ['a mark first', '?x=/clusters/east/api'],
    ['dots inside the cluster’s path', `${shop}/pods/../../pay/secrets`],
    ['dots behind a name', `${shop}/pods/web/../../../../secrets`],
    ['a semicolon in the query', '/clusters/east/api/v1/namespaces?labelSelector=a;labelSelector=b'],
    ['broken UTF-8 in the query', '/clusters/east/api/v1/pods?x=%ff'],
    ['half an escape in the query', '/clusters/east/api/v1/pods?x=%'],
    ['dots behind proxy', `${app}/../../../../secrets`],
    ['encoded dots behind proxy', `${app}/%2e%2e/%2e%2e/x`],
    ['encoded slash and dots behind proxy', `${app}/a%2f..%2f..%2fx`],
    ['dots encoded twice behind proxy', `${app}/%252e%252e%252fx`],
    ['two slashes behind proxy', `${app}//x`],
    ['backslashes behind proxy', `${app}/a%5c..%5cx`],
    ['dots with a parameter behind proxy', `${app}/..;/x`],
    ['an encoded slash before proxy', `${shop}%2fx/services/web/proxy/x`],
  ])('%s is 400, and nothing goes anywhere (SECURITY 21, 22)', async (_name, target) => {
    const answer = await raw(...asked(shape, alice, { target }));
    expect(answer.status).toBe(400);
    expect(answer.head).toMatch(/\r\nConnection: close/);
    expect(statusIn(answer.body)).toMatchObject({ kind: 'Status', code: 400, reason: 'BadRequest' });
    expect(upstream.seen).toEqual([]);
  });

  test.each([
    [`${shop}/pods/web%3A80/log`, '/api/v1/namespaces/shop/pods/web:80/log'],
    [
      '/clusters/east/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Anode',
      '/apis/rbac.authorization.k8s.io/v1/clusterroles/system:node',
    ],
    ['/clusters/east/api/v1/%6eodes', '/api/v1/nodes'],
    ['/clusters/east/api/v1/nodes/', '/api/v1/nodes/'],
    ['/clusters/east', '/'],
    ['/clusters/east?x', '/?x='],
    ['/clusters/east/api/v1/pods?fieldSelector=a%3Db+c&&x', '/api/v1/pods?fieldSelector=a%3Db%20c&x='],
    ['/clusters/east/api/v1/pods?x=%2e%2e%2f%00%0d%0a', '/api/v1/pods?x=..%2F%00%0D%0A'],
    ['/clusters/east/api/v1/%F0%9F%98%80', '/api/v1/%F0%9F%98%80'],
  ])('%s goes on as the one spelling of what was judged, %s (SECURITY 21)', async (target, expected) => {
    expect((await raw(...asked(shape, alice, { target }))).status).toBe(200);
    expect(upstream.seen.map(({ line }) => line.split(' ')[1])).toEqual([expected]);
  });

  test.each([
    `${shop}/pods/web/proxy/a%2Fb`,
    `${shop}/pods/web/proxy/a%2fb/%7Eme;v=1/?q=%7e;d=+&&x`,
    `${app}/static/%E2%82%AC.js?v=..%2F..`,
    `${shop}/services/https:web:443/proxy/`,
    `${shop}/services/web/proxy`,
    '/clusters/east/api/v1/nodes/n1/proxy/stats/summary?only_cpu=1',
  ])('an application’s own part arrives byte for byte: %s (SECURITY 21)', async (target) => {
    expect((await raw(...asked(shape, alice, { target }))).status).toBe(200);
    expect(upstream.seen.map(({ line }) => line.split(' ')[1])).toEqual([target.slice('/clusters/east'.length)]);
  });
});

test('of two clusters that alice may enter, each hears only what was asked of it, in whatever spelling it was tried (SECURITY 21, 56)', async () => {
  const other = await startScriptedUpstream();
  await stand.write('cluster', clusterId('west'), 'UPDATE cluster SET server_url = $2, ca_pem = $3 WHERE id = $1', [
    clusterId('west'),
    other.url,
    other.caPem,
  ]);
  const narrowed = await stand.token('alice', { clusterIds: [clusterId('east')] });
  const climbs = [
    '/clusters/east/../west/api',
    '/clusters/east/%2e%2e/west/api',
    '/clusters/east%2f..%2fwest/api',
    '/clusters/east/..;/west/api',
  ];
  for (const shape of shapes as readonly Shape[])
    for (const target of climbs) expect((await raw(...asked(shape, narrowed, { target }))).status).toBe(400);
  expect((await raw(...asked('a plain request', narrowed, { target: '/clusters/west/api' }))).status).toBe(403);
  expect(other.connections()).toBe(0);
  await other.close();
});
