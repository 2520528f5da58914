// A driver of ResourceClaims built with Kubernetes' own bindings: `driver REGISTRY PLUGIN CDI`. It registers with a socket in
// the folder REGISTRY, serves at the socket PLUGIN, and describes what it prepares in the folder CDI. A line each says what
// it was asked.
package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"google.golang.org/grpc"
	dra "k8s.io/kubelet/pkg/apis/dra/v1"
	registration "k8s.io/kubelet/pkg/apis/pluginregistration/v1"
)

const name = "test.d8s.io"

const spec = `{"cdiVersion": "0.6.0", "kind": "test.d8s.io/claim", "containerEdits": {"env": ["DRIVER=test"]}, "devices": [
  {"name": "%s", "containerEdits": {
    "env": ["CLAIMED=%s"],
    "deviceNodes": [{"path": "/dev/claimed", "hostPath": "/dev/null"}],
    "mounts": [{"hostPath": "%s", "containerPath": "/claimed", "options": ["ro", "bind"]}]}}]}`

type driver struct {
	dra.UnimplementedDRAPluginServer
	registration.UnimplementedRegistrationServer
	socket, folder string
}

func (d driver) GetInfo(context.Context, *registration.InfoRequest) (*registration.PluginInfo, error) {
	versions := []string{dra.DRAPluginService}
	return &registration.PluginInfo{Type: registration.DRAPlugin, Name: name, Endpoint: d.socket, SupportedVersions: versions}, nil
}

func (driver) NotifyRegistrationStatus(_ context.Context, status *registration.RegistrationStatus) (*registration.RegistrationStatusResponse, error) {
	fmt.Println("registered", status.PluginRegistered, status.Error)
	return &registration.RegistrationStatusResponse{}, nil
}

func (d driver) file(uid string) string {
	return filepath.Join(d.folder, "claim-"+uid+".json")
}

func (d driver) NodePrepareResources(_ context.Context, asked *dra.NodePrepareResourcesRequest) (*dra.NodePrepareResourcesResponse, error) {
	answer := &dra.NodePrepareResourcesResponse{Claims: map[string]*dra.NodePrepareResourceResponse{}}
	for _, claim := range asked.Claims {
		fmt.Println("prepare", claim.Namespace, claim.Name)
		if err := os.WriteFile(d.file(claim.Uid), []byte(fmt.Sprintf(spec, claim.Uid, claim.Name, d.folder)), 0o600); err != nil {
			return nil, err
		}
		device := &dra.Device{RequestNames: []string{"gpu"}, PoolName: "p", DeviceName: "d", CdiDeviceIds: []string{"test.d8s.io/claim=" + claim.Uid}}
		answer.Claims[claim.Uid] = &dra.NodePrepareResourceResponse{Devices: []*dra.Device{device}}
	}
	return answer, nil
}

func (d driver) NodeUnprepareResources(_ context.Context, asked *dra.NodeUnprepareResourcesRequest) (*dra.NodeUnprepareResourcesResponse, error) {
	answer := &dra.NodeUnprepareResourcesResponse{Claims: map[string]*dra.NodeUnprepareResourceResponse{}}
	for _, claim := range asked.Claims {
		fmt.Println("unprepare", claim.Namespace, claim.Name)
		os.Remove(d.file(claim.Uid))
		answer.Claims[claim.Uid] = &dra.NodeUnprepareResourceResponse{}
	}
	return answer, nil
}

func serve(socket string, register func(*grpc.Server)) {
	listener, err := net.Listen("unix", socket)
	if err != nil {
		panic(err)
	}
	server := grpc.NewServer()
	register(server)
	if err := server.Serve(listener); err != nil {
		panic(err)
	}
}

func main() {
	d := driver{socket: os.Args[2], folder: os.Args[3]}
	if err := os.MkdirAll(d.folder, 0o755); err != nil {
		panic(err)
	}
	go serve(d.socket, func(server *grpc.Server) { dra.RegisterDRAPluginServer(server, d) })
	serve(filepath.Join(os.Args[1], name+"-reg.sock"), func(server *grpc.Server) { registration.RegisterRegistrationServer(server, d) })
}
