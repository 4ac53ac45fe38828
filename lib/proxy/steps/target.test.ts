import { describe, expect, test } from 'vitest';
import { Answer } from '../answers.ts';
import { parseTarget, writeTarget } from './target.ts';

const sentOn = (text: string) => writeTarget(parseTarget(text));
const refusal = (text: string) => {
  try {
    parseTarget(text);
  } catch (error) {
    return error instanceof Answer ? error.facts.status : error;
  }
  return 'not refused';
};

describe('what is refused because two readers could read it differently (SECURITY 21, 22; V1)', () => {
  test.each([
    '/clusters/east/%2e%2e/west/api',
    '/clusters/east/.%2e/west/api',
    '/clusters/east/../west/api',
    '/clusters/east/./api',
    '/clusters/A%2f..%2fB/api',
    '/clusters/east/..;/west/api',
    '/clusters/east/..%3b/west/api',
    '/clusters/east/.;x/api',
    '/clusters/east/api/v1/namespaces/a/services/b/proxy/.%3b/x',
    '/clusters/east/api/v1;x=1/pods',
    '/clusters/east/%252e%252e/west',
    '/clusters/east/api\\v1',
    '/clusters/east/api%5cv1',
    '/clusters/east//api',
    '//evil/api',
    '/clusters//east/api',
    '/clusters/east/api//',
    '/clusters/east%00/api',
    '/clusters/east/api/%00',
    '/clusters/east/api/%0d%0a',
    '/clusters/east/%c0%ae%c0%ae/west',
    '/clusters/east/api/%',
    '/clusters/east/api/%zz',
    '/clusters/EAST/api',
    '/clusters/e%61st/api',
    '/clusters/east/api/v1/pods#/healthz',
    '/clusters/east/api v1',
    '/clusters/east/é',
    'https://evil/clusters/east/api',
    'clusters/east',
    '*',
    '',
    '/clusters/east/api/v1/namespaces/ok/pods/../../secret/',
    '/clusters/east/api/v1/namespaces?labelSelector=a;labelSelector=b',
    '/clusters/east/api/v1/pods?x=%ff',
    '/clusters/east/api/v1/namespaces/a/services/b/proxy/../x',
    '/clusters/east/api/v1/namespaces/a/services/b/proxy/%2e%2e/x',
    '/clusters/east/api/v1/namespaces/a/services/b/proxy/a%2f..%2fx',
    '/clusters/east/api/v1/namespaces/a/services/b/proxy/%252e%252e%252fx',
    '/clusters/east/api/v1/namespaces/a/services/b/proxy//x',
    '/clusters/east/api/v1/namespaces/a/services/b/proxy/a%5c..%5cx',
    '/clusters/east/api/v1/namespaces/a%2fb/services/b/proxy/x',
  ])('%s is 400', (text) => {
    expect(refusal(text)).toBe(400);
  });
});

describe('what goes on is written anew', () => {
  test.each([
    ['/clusters/east', '/'],
    ['/clusters/east/', '/'],
    ['/clusters/east/api/v1/pods?limit=500', '/api/v1/pods?limit=500'],
    ['/clusters/east/api/v1/%6eamespaces', '/api/v1/namespaces'],
    [
      '/clusters/east/apis/rbac.authorization.k8s.io/v1/clusterroles/system:node',
      '/apis/rbac.authorization.k8s.io/v1/clusterroles/system:node',
    ],
    [
      '/clusters/east/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Anode',
      '/apis/rbac.authorization.k8s.io/v1/clusterroles/system:node',
    ],
    ['/clusters/east/api/v1/pods?fieldSelector=a%3Db+c', '/api/v1/pods?fieldSelector=a%3Db%20c'],
    [
      '/clusters/east/api/v1/namespaces/a/pods/p/exec?command=sh&command=-c&command=a%26b',
      '/api/v1/namespaces/a/pods/p/exec?command=sh&command=-c&command=a%26b',
    ],
    ['/clusters/east/api/v1/pods?watch', '/api/v1/pods?watch='],
    ['/clusters/east/api/v1/pods?x=%3B', '/api/v1/pods?x=%3B'],
  ])('%s goes on as %s', (text, expected) => {
    expect(sentOn(text)).toBe(expected);
  });

  test('an application behind a pod or service gets its own part byte for byte, query included', () => {
    expect(sentOn('/clusters/east/api/v1/namespaces/a/pods/x/proxy/a%2Fb?c=%7e;d')).toBe('/api/v1/namespaces/a/pods/x/proxy/a%2Fb?c=%7e;d');
    expect(sentOn('/clusters/east/api/v1/namespaces/a/services/https:x:443/proxy/')).toBe(
      '/api/v1/namespaces/a/services/https:x:443/proxy/',
    );
    expect(sentOn('/clusters/east/api/v1/nodes/n/proxy')).toBe('/api/v1/nodes/n/proxy');
  });

  test('what goes on reads the same the second time', () => {
    for (const text of ['/clusters/east/api/v1/a:b@c$d&e+f=g,h!i*j', '/clusters/east/api/v1/x?a=%2B%26%3D%20&b=%C3%A9']) {
      const once = sentOn(text);
      expect(sentOn(`/clusters/east${once}`)).toBe(once);
    }
  });
});

test('an address outside /clusters/ names no cluster', () => {
  for (const text of ['/', '/healthz', '/api/v1/pods', '/clusters', '/clusters/']) expect(parseTarget(text).clusterName).toBeNull();
});
