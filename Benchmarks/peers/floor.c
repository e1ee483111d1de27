// floor: the least that a broker can do, for `amqpbench`: PORT FILE [fsync=1]. One thread, one epoll; publishes are forwarded to the
// consumer at once, then written to a file whose blocks were written before, synced, and confirmed. No routing, no queue, no restart.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
typedef struct{uint8_t*b;size_t n,cap;uint8_t*o;size_t on,ocap;uint64_t pub,acked,dtag;int confirm,fd;}conn;
static conn C[1024];static int cons=-1;static uint64_t ctag;static int depth;
static void w32(uint8_t*p,uint32_t v){p[0]=v>>24;p[1]=v>>16;p[2]=v>>8;p[3]=v;}
static void w64(uint8_t*p,uint64_t v){w32(p,v>>32);w32(p+4,v);}
static uint32_t r32(const uint8_t*p){return (uint32_t)p[0]<<24|p[1]<<16|p[2]<<8|p[3];}
static void out(conn*c,const void*p,size_t n){if(c->on+n>c->ocap){c->ocap=(c->on+n)*2;c->o=realloc(c->o,c->ocap);}memcpy(c->o+c->on,p,n);c->on+=n;}
static void meth(conn*c,int ch,int cl,int me,const void*a,int n){uint8_t h[11]={1,ch>>8,ch};w32(h+3,4+n);h[7]=0;h[8]=cl;h[9]=0;h[10]=me;out(c,h,11);out(c,a,n);out(c,"\xCE",1);}
static void flush(conn*c){size_t w=0;while(w<c->on){ssize_t k=send(c->fd,c->o+w,c->on-w,MSG_NOSIGNAL);if(k>0)w+=k;else if(k<0){if(cons==c->fd)cons=-1;break;}}c->on=0;}
int main(int ac,char**av){int port=atoi(av[1]),sync=ac<4||atoi(av[3]);
  int ls=socket(AF_INET,SOCK_STREAM,0),y=1;setsockopt(ls,SOL_SOCKET,SO_REUSEADDR,&y,4);struct sockaddr_in a={.sin_family=AF_INET,.sin_port=htons(port),.sin_addr.s_addr=htonl(INADDR_LOOPBACK)};
  if(bind(ls,(void*)&a,sizeof a)||listen(ls,64)){perror("bind");return 1;}
  long seg=256<<20,off=0;int f=open(av[2],O_RDWR|O_CREAT|O_TRUNC,0600);{char*z=calloc(1,1<<20);for(int i=0;i<256;i++)if(write(f,z,1<<20)<0)return 1;fdatasync(f);}
  uint8_t*log=malloc(64<<20);size_t ln=0;
  int ep=epoll_create1(0);struct epoll_event e={.events=EPOLLIN,.data.fd=ls};epoll_ctl(ep,EPOLL_CTL_ADD,ls,&e);
  puts("ready");fflush(stdout);
  for(;;){struct epoll_event ev[64];int k=epoll_wait(ep,ev,64,-1);ln=0;
    for(int i=0;i<k;i++){int fd=ev[i].data.fd;
      if(fd==ls){int q=accept(ls,0,0);setsockopt(q,6,TCP_NODELAY,&y,4);struct epoll_event e={.events=EPOLLIN,.data.fd=q};epoll_ctl(ep,EPOLL_CTL_ADD,q,&e);conn*c=&C[q];free(c->b);free(c->o);memset(c,0,sizeof*c);c->fd=q;c->cap=2<<20;c->b=malloc(c->cap);continue;}
      conn*c=&C[fd];ssize_t r=recv(fd,c->b+c->n,c->cap-c->n,0);if(r<=0){if(cons==fd)cons=-1;close(fd);continue;}c->n+=r;size_t o=0;
      for(;;){uint8_t*p=c->b+o;size_t left=c->n-o;
        if(left>=8&&!memcmp(p,"AMQP",4)){o+=8;uint8_t s[64];int n=0;s[n++]=0;s[n++]=9;w32(s+n,0);n+=4;w32(s+n,5);n+=4;memcpy(s+n,"PLAIN",5);n+=5;w32(s+n,5);n+=4;memcpy(s+n,"en_US",5);n+=5;meth(c,0,10,10,s,n);continue;}
        if(left<7)break;uint32_t L=r32(p+3);if(left<L+8)break;
        if(p[0]==1){int cl=p[8],me=p[10],ch=p[2];
          if(cl==10&&me==11){uint8_t t[8]={0,0};w32(t+2,131072);t[6]=t[7]=0;meth(c,0,10,30,t,8);}
          else if(cl==10&&me==40)meth(c,0,10,41,"",1);
          else if(cl==10&&me==50)meth(c,0,10,51,"",0);
          else if(cl==20&&me==10)meth(c,ch,20,11,"\0\0\0",4);
          else if(cl==20&&me==40)meth(c,ch,20,41,"",0);
          else if(cl==50&&me==10)meth(c,ch,50,11,"\5bench\0\0\0\0\0\0\0",14);
          else if(cl==50&&me==40)meth(c,ch,50,41,"\0\0\0",4);
          else if(cl==85&&me==10){c->confirm=1;meth(c,ch,85,11,"",0);}
          else if(cl==60&&me==10)meth(c,ch,60,11,"",0);
          else if(cl==60&&me==20){cons=fd;ctag=0;meth(c,ch,60,21,"\1c",2);}
          else if(cl==60&&me==40)c->pub++;
        }else if(p[0]==2||p[0]==3){
          if(cons>=0){conn*d=&C[cons];if(p[0]==2){uint8_t t[32];int n=0;t[n++]=1;t[n++]='c';w64(t+n,++ctag);n+=8;t[n++]=0;t[n++]=0;t[n++]=5;memcpy(t+n,"bench",5);n+=5;meth(d,1,60,60,t,n);}out(d,p,L+8);}
          memcpy(log+ln,p,L+8);ln+=L+8;}
        o+=L+8;}
      memmove(c->b,c->b+o,c->n-o);c->n-=o;}
    if(cons>=0&&C[cons].on)flush(&C[cons]);
    if(ln&&sync){if(off+(long)ln>seg)off=0;if(pwrite(f,log,ln,off)<0)return 1;off+=ln;if(fdatasync(f))return 1;}
    for(int i=0;i<k;i++){int fd=ev[i].data.fd;if(fd==ls)continue;conn*c=&C[fd];
      if(c->confirm&&c->pub>c->acked&&c->n<1100){uint8_t t[9];w64(t,c->pub);t[8]=c->pub-c->acked>1;meth(c,1,60,80,t,9);c->acked=c->pub;}
      if(c->on)flush(c);}
  }}
