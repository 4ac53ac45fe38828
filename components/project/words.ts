import type { ProjectSummary } from '#lib/project/schema.ts';

export const podSecurityWords: Readonly<Record<ProjectSummary['podSecurity'], string>> = {
  privileged: 'Anything may run, also pods that own their node',
  baseline: 'No known way out of a container: no privileged pods, no host network, no host paths',
  restricted: 'Baseline, and not as root, without privilege escalation, with a seccomp profile',
};

export const isolationWords = {
  on: 'Nothing in or out but within the project, DNS and the API server',
  off: 'Pods may talk to everything',
} as const;
