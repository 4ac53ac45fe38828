import { expect, test } from 'vitest';
import { describeTarget } from './describe.ts';
import { parseTarget } from './target.ts';

const read = (method: string, path: string) => {
  const { verb, group, resource, subresource, namespace, name, isResource } = describeTarget(method, parseTarget(`/clusters/east${path}`));
  return isResource ? [verb, group, resource, subresource, namespace, name].join('|') : `-${verb}`;
};

test.each([
  ['GET', '/', '-get'],
  ['GET', '/version', '-get'],
  ['GET', '/api', '-get'],
  ['GET', '/api/v1', '-get'],
  ['GET', '/apis/apps/v1', '-get'],
  ['GET', '/api/v1/pods', 'list||pods|||'],
  ['GET', '/api/v1/pods/', 'list||pods|||'],
  ['GET', '/api/v1/namespaces', 'list||namespaces|||'],
  ['GET', '/api/v1/namespaces/', 'list||namespaces|||'],
  ['GET', '/api/v1/%6eamespaces', 'list||namespaces|||'],
  ['HEAD', '/api/v1/namespaces', 'list||namespaces|||'],
  ['GET', '/api/v1/namespaces?watch=true', 'watch||namespaces|||'],
  ['GET', '/api/v1/namespaces?watch', 'watch||namespaces|||'],
  ['GET', '/api/v1/namespaces?watch=0&watch=1', 'list||namespaces|||'],
  ['GET', '/api/v1/namespaces?watch=FALSE', 'list||namespaces|||'],
  ['GET', '/api/v1/watch/namespaces', 'watch||namespaces|||'],
  ['GET', '/api/v1/watch/namespaces/shop', 'watch||namespaces||shop|shop'],
  ['GET', '/api/v1/namespaces/shop', 'get||namespaces||shop|shop'],
  ['PUT', '/api/v1/namespaces/shop/finalize', 'update||namespaces|finalize|shop|shop'],
  ['DELETE', '/api/v1/namespaces', 'deletecollection||namespaces|||'],
  ['GET', '/api/v1/namespaces?fieldSelector=metadata.name%3Dshop', 'list||namespaces|||shop'],
  ['GET', '/api/v1/namespaces/shop/pods', 'list||pods||shop|'],
  ['GET', '/api/v1/namespaces/shop/pods/web', 'get||pods||shop|web'],
  ['GET', '/api/v1/namespaces/shop/pods/web/log?follow=true', 'get||pods|log|shop|web'],
  ['POST', '/api/v1/namespaces/shop/pods/web/exec?command=sh', 'create||pods|exec|shop|web'],
  ['GET', '/api/v1/namespaces/shop/services/web/proxy/a/b', 'get||services|proxy|shop|web'],
  ['DELETE', '/apis/apps/v1/namespaces/shop/deployments', 'deletecollection|apps|deployments||shop|'],
  ['PATCH', '/apis/apps/v1/namespaces/shop/deployments/web', 'patch|apps|deployments||shop|web'],
  ['POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', 'create|authorization.k8s.io|selfsubjectaccessreviews|||'],
])('%s %s is %s', (method, path, expected) => {
  expect(read(method, path)).toBe(expected);
});
