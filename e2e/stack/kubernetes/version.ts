/** Coupled to go.mod beside this file, and to the version that the kubelet reports in kubelet/node.go. */
export const kubernetesVersion = 'v1.37.2';
