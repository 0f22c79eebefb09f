/** Runs it where no promise is under way: histories empty the queue of promises by themselves. */
export const apart = <T>(work: () => T): Promise<T> =>
  new Promise((resolve, reject) => {
    setImmediate(() => {
      try {
        resolve(work());
      } catch (error) {
        reject(error);
      }
    });
  });
