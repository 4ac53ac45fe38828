/** Coupled to go.mod beside this file, and to the version that the kubelet reports in kubelet/node.go. */
export const kubernetesVersion = 'v1.37.2';
/** The oldest release that we support (the newest three minors); coupled to older/go.mod. Only the long tests run it. */
export const olderKubernetesVersion = 'v1.35.4';
