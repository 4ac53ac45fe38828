/**
 * What the joining Job runs in the cluster, as text: plain Node, no packages. It asks the API server for both accounts' tokens, reads the
 * CA and the kube-system UID, closes all of it with the one-time code into an envelope that only our worker can open (the format of
 * lib/config/keys.ts), and posts it. Where the portal cannot be reached from the pod, the envelope is printed as the last line, for the
 * administrator to carry over: whoever reads the log cannot open it.
 */
export const joinScript = `
import { createCipheriv, createPublicKey, diffieHellman, generateKeyPairSync, hkdfSync, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request } from 'node:https';

const settings = JSON.parse(readFileSync(new URL('./settings.json', import.meta.url), 'utf8'));
const mounted = (file) => readFileSync('/var/run/secrets/kubernetes.io/serviceaccount/' + file, 'utf8');
const ca = mounted('ca.crt');

function ask(method, path, body) {
  return new Promise((resolve, reject) => {
    const call = request({
      host: process.env.KUBERNETES_SERVICE_HOST, port: process.env.KUBERNETES_SERVICE_PORT, method, path, ca, timeout: 15000,
      headers: { authorization: 'Bearer ' + mounted('token').trim(), accept: 'application/json', 'content-type': 'application/json' },
    }, async (answer) => {
      let text = '';
      for await (const chunk of answer.setEncoding('utf8')) text += chunk;
      if (answer.statusCode < 300) resolve(JSON.parse(text));
      else reject(new Error(method + ' ' + path + ': ' + answer.statusCode + ' ' + text.slice(0, 300)));
    });
    call.on('timeout', () => call.destroy(new Error('the API server did not answer in time')));
    call.on('error', reject);
    call.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

async function tokenOf(account) {
  const answer = await ask('POST', '/api/v1/namespaces/' + settings.namespace + '/serviceaccounts/' + account + '/token', {
    apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: settings.tokenSeconds },
  });
  return { token: answer.status.token, expiresAt: answer.status.expirationTimestamp };
}

function close(plaintext, context) {
  const raw = (key) => Buffer.from(key.export({ format: 'jwk' }).x, 'base64url');
  const ours = generateKeyPairSync('x25519');
  const shared = diffieHellman({ privateKey: ours.privateKey, publicKey: createPublicKey(settings.sealingKey) });
  const key = Buffer.from(hkdfSync('sha256', shared, raw(ours.publicKey), 'gatehouse envelope v1', 32));
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(Buffer.from(context));
  const body = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return Buffer.concat([Buffer.from([1]), raw(ours.publicKey), nonce, cipher.getAuthTag(), body]).toString('base64');
}

const delivery = JSON.stringify({
  code: settings.code,
  ca,
  kubeSystemUid: (await ask('GET', '/api/v1/namespaces/kube-system')).metadata.uid,
  door: await tokenOf(settings.doorAccount),
  reconciler: await tokenOf(settings.reconcilerAccount),
});
const envelope = JSON.stringify({ invitation: settings.invitation, sealed: close(delivery, 'join:' + settings.invitation) });

try {
  const answer = await fetch(settings.portal + '/api/v1/join', {
    method: 'POST', headers: { 'content-type': 'application/json', 'x-gatehouse-request': '1' }, body: envelope, signal: AbortSignal.timeout(60000),
  });
  const said = await answer.json().catch(() => ({}));
  if (answer.ok) console.log('This cluster has joined Gatehouse as ' + said.name + '.');
  else {
    console.error('Gatehouse refused: ' + (said.error?.message ?? answer.status));
    process.exitCode = 1;
  }
} catch (error) {
  console.error('Gatehouse cannot be reached from this pod (' + (error.cause?.code ?? error.message) + '). The next line is for the second command on the page; only Gatehouse can open it.');
  console.log(envelope);
  process.exitCode = 1;
}
`.trimStart();
