/** What the front tells the pages and routes behind it. A client's own headers of these names never get past the front. */
export const addressHeader = 'x-gatehouse-address';
export const requestIdHeader = 'x-gatehouse-request-id';
export const pathHeader = 'x-gatehouse-path';
