import type { NextConfig } from 'next';

const config: NextConfig = {
  poweredByHeader: false,
  reactStrictMode: true,
  // Types are a stage of their own in `npm test`, over the whole project; checking them twice only makes each start slower.
  typescript: { ignoreBuildErrors: true },
  // These speak to sockets and native parts; bundling them would only hide where they come from.
  serverExternalPackages: ['pg', 'pino', '@prisma/client', '@prisma/adapter-pg', 'ldapts', 'undici', 'prom-client'],
  experimental: { authInterrupts: true, serverActions: { bodySizeLimit: '256kb' } },
};

export default config;
