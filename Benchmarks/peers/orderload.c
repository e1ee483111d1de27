// orderload PORT CONNS N RATE [millrace FILE] : POST /orders over CONNS keep-alive connections (one thread each), N in all, RATE/s in all (0 = closed loop)
// header X-Sent-At = due time (unix seconds). The word millrace sends the same order in the form that the Millrace edge takes; FILE then gets a
// line for each, COMMAND-ID DUE-TIME. Threads sleep until an order is due: polling for it would take half a core from what is measured.
// gcc -O2 -pthread orderload.c -o orderload
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
static int port,conns,ours;static long N;static double rate,t0;static atomic_long next_,bad;static double*lat,*dues;static char(*ids)[37];
static double now(clockid_t k){struct timespec t;clock_gettime(k,&t);return t.tv_sec+t.tv_nsec*1e-9;}
static int cmp(const void*a,const void*b){double x=*(double*)a,y=*(double*)b;return x<y?-1:x>y;}
static void*run(void*a){int fd=socket(2,1,0);struct sockaddr_in s={.sin_family=2,.sin_port=htons(port),.sin_addr.s_addr=htonl(0x7f000001)};if(connect(fd,(void*)&s,sizeof s)){perror("connect");exit(1);}int y=1;setsockopt(fd,6,TCP_NODELAY,&y,4);
 char b[1024],q[2048],r[8192];long i;while((i=atomic_fetch_add(&next_,1))<N){double due=t0+(rate>0?i/rate:0);if(rate>0){struct timespec at={(time_t)due,(long)((due-(time_t)due)*1e9)};clock_nanosleep(CLOCK_REALTIME,TIMER_ABSTIME,&at,0);}else due=now(CLOCK_REALTIME);
  int bl=ours?sprintf(b,"{\"customerId\":\"customer-%ld\",\"items\":[{\"productId\":\"SKU-%ld\",\"quantity\":1},{\"productId\":\"SKU-%ld\",\"quantity\":2}]}",i,i*7%1000,(i*7+1)%1000)
   :sprintf(b,"{\"customer\":\"customer-%ld\",\"lines\":[{\"sku\":\"SKU-%ld\",\"quantity\":1,\"price\":1999},{\"sku\":\"SKU-%ld\",\"quantity\":2,\"price\":499}]}",i,i*7%1000,(i*7+1)%1000);
  int k=sprintf(q,"POST /orders HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nX-Sent-At: %.6f\r\nContent-Length: %d\r\n\r\n%s",due,bl,b);
  if(send(fd,q,k,0)!=k)exit(1);int g=0;for(;;){int m=recv(fd,r+g,sizeof r-1-g,0);if(m<=0){fprintf(stderr,"closed\n");exit(1);}g+=m;r[g]=0;char*h=strstr(r,"\r\n\r\n");if(!h)continue;char*c=strcasestr(r,"content-length:");if(c){if(g-(h+4-r)>=atoi(c+15))break;}else if(strstr(h,"0\r\n\r\n"))break;}
  if(strncmp(r+9,"202",3))atomic_fetch_add(&bad,1);lat[i]=now(CLOCK_REALTIME)-due;dues[i]=due;char*o=strcasestr(r,"location: /commands/");if(o&&g-(o-r)>=56)memcpy(ids[i],o+20,36);}
 close(fd);return 0;}
int main(int c,char**v){ours=c>5&&!strcmp(v[5],"millrace");port=atoi(v[1]);conns=atoi(v[2]);N=atol(v[3]);rate=atof(v[4]);lat=calloc(N,8);dues=calloc(N,8);ids=calloc(N,37);t0=now(CLOCK_REALTIME)+.05;pthread_t t[256];for(int i=0;i<conns;i++)pthread_create(&t[i],0,run,0);for(int i=0;i<conns;i++)pthread_join(t[i],0);
 double e=now(CLOCK_REALTIME)-t0;if(c>6){FILE*f=fopen(v[6],"w");if(!f){perror(v[6]);return 1;}for(long i=0;i<N;i++)fprintf(f,"%s %.6f\n",ids[i],dues[i]);fclose(f);}qsort(lat,N,8,cmp);printf("POST n=%ld bad=%ld %.0f/s  http_ms p50=%.2f p99=%.2f\n",N,(long)bad,N/e,lat[N/2]*1e3,lat[N*99/100]*1e3);return 0;}
