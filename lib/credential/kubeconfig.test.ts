import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { kubeconfig } from './kubeconfig.ts';

const facts = {
  proxyUrl: 'https://door.corp.example:8443/',
  proxyCaPem: '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n',
  userName: 'alice@corp.example',
  token: 'gatehouse_x_y',
  clusters: [{ name: 'east', namespace: 'shop' }, { name: 'west' }],
};

test('every cluster is a context through the door, and the first is the current one', () => {
  const config = parse(kubeconfig(facts));
  expect(config['current-context']).toBe('east');
  expect(config.contexts).toEqual([
    { name: 'east', context: { cluster: 'east', user: 'alice@corp.example@gatehouse', namespace: 'shop' } },
    { name: 'west', context: { cluster: 'west', user: 'alice@corp.example@gatehouse' } },
  ]);
  expect(config.clusters.map(({ cluster }: { cluster: { server: string } }) => cluster.server)).toEqual([
    'https://door.corp.example:8443/clusters/east',
    'https://door.corp.example:8443/clusters/west',
  ]);
  expect(config.users).toEqual([{ name: 'alice@corp.example@gatehouse', user: { token: 'gatehouse_x_y' } }]);
});

test('the CA of the door is embedded, and verification is never switched off', () => {
  const text = kubeconfig(facts);
  const [first] = parse(text).clusters;
  expect(Buffer.from(first.cluster['certificate-authority-data'], 'base64').toString()).toBe(facts.proxyCaPem);
  expect(text).not.toContain('insecure');
  expect(kubeconfig({ ...facts, proxyCaPem: null })).not.toContain('certificate-authority-data');
});

test('a name out of the directory cannot break out of its place', () => {
  const config = parse(kubeconfig({ ...facts, userName: 'x"\nusers: []\n# ' }));
  expect(config.users).toHaveLength(1);
});
