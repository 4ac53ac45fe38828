import type { NextConfig } from 'next';

const config: NextConfig = {
  poweredByHeader: false,
  reactStrictMode: true,
  // These speak to sockets and native parts; bundling them would only hide where they come from.
  serverExternalPackages: ['pg', 'pino', '@prisma/client', '@prisma/adapter-pg', 'ldapts', 'undici', 'prom-client'],
  experimental: { serverActions: { bodySizeLimit: '256kb' } },
};

export default config;
