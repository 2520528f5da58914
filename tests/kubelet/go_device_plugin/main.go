// A device plugin built with Kubernetes' own bindings and grpc-go: `deviceplugin FOLDER`. It serves three devices and
// prefers the last ones.
package main

import (
	"context"
	"log"
	"net"
	"os"
	"path/filepath"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	api "k8s.io/kubelet/pkg/apis/deviceplugin/v1beta1"
)

type plugin struct {
	api.UnimplementedDevicePluginServer
}

var options = &api.DevicePluginOptions{PreStartRequired: true, GetPreferredAllocationAvailable: true}

func (plugin) GetDevicePluginOptions(context.Context, *api.Empty) (*api.DevicePluginOptions, error) {
	return options, nil
}

func (plugin) ListAndWatch(_ *api.Empty, stream grpc.ServerStreamingServer[api.ListAndWatchResponse]) error {
	var devices []*api.Device
	for _, id := range []string{"first", "second", "third"} {
		devices = append(devices, &api.Device{ID: id, Health: api.Healthy})
	}
	devices[2].Topology = &api.TopologyInfo{Nodes: []*api.NUMANode{{ID: 1}}}
	if err := stream.Send(&api.ListAndWatchResponse{Devices: devices}); err != nil {
		return err
	}
	<-stream.Context().Done()
	return nil
}

func (plugin) GetPreferredAllocation(_ context.Context, asked *api.PreferredAllocationRequest) (*api.PreferredAllocationResponse, error) {
	answer := &api.PreferredAllocationResponse{}
	for _, one := range asked.ContainerRequests {
		available := one.AvailableDeviceIDs
		last := available[len(available)-int(one.AllocationSize):]
		answer.ContainerResponses = append(answer.ContainerResponses, &api.ContainerPreferredAllocationResponse{DeviceIDs: last})
	}
	return answer, nil
}

func (plugin) Allocate(_ context.Context, asked *api.AllocateRequest) (*api.AllocateResponse, error) {
	answer := &api.AllocateResponse{}
	for _, one := range asked.ContainerRequests {
		grant := &api.ContainerAllocateResponse{Envs: map[string]string{}}
		for _, id := range one.DevicesIds {
			grant.Envs["GIVEN"] += id + " "
			path := "/dev/given-" + id
			grant.Devices = append(grant.Devices, &api.DeviceSpec{ContainerPath: path, HostPath: "/dev/null", Permissions: "rw"})
		}
		answer.ContainerResponses = append(answer.ContainerResponses, grant)
	}
	return answer, nil
}

func (plugin) PreStartContainer(_ context.Context, asked *api.PreStartContainerRequest) (*api.PreStartContainerResponse, error) {
	log.Println("prepared", asked.DevicesIds)
	return &api.PreStartContainerResponse{}, nil
}

func main() {
	folder := os.Args[1]
	listener, err := net.Listen("unix", filepath.Join(folder, "go.sock"))
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer()
	api.RegisterDevicePluginServer(server, plugin{})
	go func() { log.Fatal(server.Serve(listener)) }()
	kubelet, err := grpc.NewClient("unix://"+filepath.Join(folder, "kubelet.sock"), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}
	request := &api.RegisterRequest{Version: api.Version, Endpoint: "go.sock", ResourceName: "test.d8s.io/thing", Options: options}
	if _, err := api.NewRegistrationClient(kubelet).Register(context.Background(), request); err != nil {
		log.Fatal(err)
	}
	log.Println("registered")
	select {}
}
